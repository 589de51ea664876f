# frozen_string_literal: true

require "rbconfig"

module Bench
  ROOT = File.expand_path("../..", __dir__)
  PRELUDE = File.join(__dir__, "prelude.rb")
  PROBE = "puts EventMachine::VERSION, $LOADED_FEATURES.grep(%r{/eventmachine[.]rb$})"

  # What tells Ruby how many slots its heap begins with: up to 3.2, and from 3.3 on.
  HEAP = %w[RUBY_GC_HEAP_INIT_SLOTS RUBY_GC_HEAP_0_INIT_SLOTS].freeze

  # An implementation of EventMachine.
  #
  # @!attribute id [Symbol] its name in the record
  # @!attribute name [String] its name in the tables
  # @!attribute options [Array<String>] Ruby's options by which it is found
  # @!attribute library [String] where its eventmachine.rb is to be
  # @!attribute poller [String] "epoll", or "select" for what it uses unless told
  Implementation = Struct.new(:id, :name, :options, :library, :poller, keyword_init: true) do
    # @param file [String] the program
    # @return [Array<String>] the command that runs it
    def command(line, file, operations)
      heap = line.heap ? ["env", *HEAP.map { |name| "#{name}=#{line.heap}" }] : []
      gems = line.gems ? [] : ["--disable-gems"]
      [*heap, RbConfig.ruby, *gems, *options, "-r", PRELUDE, file, operations.to_s, poller]
    end

    # Select knows no descriptor above 1,023, and as it comes nobody runs it: a few lines are enough.
    def runs?(line)
      poller == "epoll" || (line.kind && line.connections < 1_000)
    end

    def rival?
      poller != "epoll"
    end

    # @return [String] its version
    # @raise [RuntimeError] where it is another than is meant
    def version
      command = [RbConfig.ruby, "--disable-gems", *options, "-r", "eventmachine", "-e", PROBE]
      version, path = IO.popen(command, &:readlines).map(&:chomp)
      raise "#{name} is not to be found" unless version
      raise "#{path} was loaded for #{name}" unless path.start_with?(library)

      version
    end
  end

  OURS = Implementation.new(id: :ours, name: "this gem", options: ["-I", File.join(ROOT, "lib")],
                            library: File.join(ROOT, "lib"), poller: "epoll")
  PEER = Implementation.new(id: :peer, name: "Debian's gem", options: [], library: "/usr/lib/ruby/",
                            poller: "epoll")
  SELECT = Implementation.new(**PEER.to_h, id: :select, name: "Debian's gem as it comes", poller: "select")
end
