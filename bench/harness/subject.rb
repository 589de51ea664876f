# frozen_string_literal: true

require "rbconfig"

module Bench
  # An implementation of EventMachine.
  #
  # @!attribute name [String] its name in the table
  # @!attribute options [Array<String>] Ruby's options by which it is found
  # @!attribute library [String] where its eventmachine.rb is to be
  Subject = Struct.new(:name, :options, :library) do
    # @param file [String] the program
    # @return [Array<String>] the command that runs it
    def command(file, operations)
      [RbConfig.ruby, "--disable-gems", *options, "-r", PRELUDE, file, operations.to_s]
    end

    # Tells what it is, and that it is the one that is meant.
    def describe
      command = [RbConfig.ruby, "--disable-gems", *options, "-r", "eventmachine", "-e", PROBE]
      version, path = IO.popen(command, &:readlines).map(&:chomp)
      raise "#{name} is not to be found" unless version
      raise "#{path} was loaded for #{name}" unless path.start_with?(library)

      "#{name} #{version} (#{path})"
    end
  end

  PROBE = "puts EventMachine::VERSION, $LOADED_FEATURES.grep(%r{/eventmachine[.]rb$})"
  PRELUDE = File.join(__dir__, "prelude.rb")
  ROOT = File.expand_path("../..", __dir__)

  OURS = Subject.new("this gem", ["-I", File.join(ROOT, "lib")], File.join(ROOT, "lib"))
  UPSTREAM = Subject.new("Debian's gem", [], "/usr/lib/ruby/")
  SUBJECTS = [OURS, UPSTREAM].freeze
end
