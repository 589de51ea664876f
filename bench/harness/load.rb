# frozen_string_literal: true

require "json"

require_relative "pinning"

module Bench
  # The load generator, connected to a server.
  class Load
    COMMAND = File.join(ROOT, "bench", "load", "target", "release", "load")

    # How long it may take, in seconds.
    LIMIT = "120"

    # Connects, warms up and yields the load; closes its connections afterwards.
    #
    # @param kind [String] "echo", "udp" or "churn"
    # @param options [Hash{Symbol => Integer}] warm_up:, messages:, rate:
    def self.open(kind, address, *arguments, **options)
      told = options.compact.flat_map { |name, value| ["--#{name.to_s.tr('_', '-')}", value.to_s] }
      command = ["timeout", LIMIT, *Pinning.load, COMMAND, kind, address, *arguments, *told]
      IO.popen(command, "r+", err: %i[child out]) do |process|
        load = new(process)
        load.await("ready")
        yield load
      end
    end

    def self.compile
      command = %w[cargo build --release --locked --quiet]
      system(*command, chdir: File.join(ROOT, "bench", "load"), exception: true)
    end

    def initialize(process)
      @process = process
    end

    def await(start)
      line = @process.gets.to_s
      return line if line.start_with?(start)

      raise Failed, "the load failed: #{line}#{@process.read}"
    end

    # @return [Hash{String => Numeric}] what it tells when all is answered
    def drive
      @process.puts("go")
      JSON.parse(await("{"))
    end
  end
end
