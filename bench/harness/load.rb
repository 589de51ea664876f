# frozen_string_literal: true

require "io/wait"
require "json"

require_relative "failed"
require_relative "pinning"

module Bench
  # The load generator, connected to a server.
  class Load
    COMMAND = File.join(ROOT, "bench", "load", "target", "release", "load")

    # How long an answer of its own may take, in seconds.
    LIMIT = 120

    # Connects, warms up and yields the load; closes its connections afterwards.
    #
    # @param kind [String] "echo", "udp" or "churn"
    # @param options [Hash{Symbol => Integer}] warm_up:, messages:, rate:
    def self.open(kind, address, *arguments, **options)
      told = options.compact.flat_map { |name, value| ["--#{name.to_s.tr('_', '-')}", value.to_s] }
      command = [*Pinning.load, COMMAND, kind, address, *arguments, *told]
      IO.popen(command, "r+", err: %i[child out]) do |process|
        load = new(process)
        load.await("ready")
        yield load
      ensure
        Process.kill(:KILL, process.pid)
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
      raise Failed, "the load takes more than #{LIMIT} s" unless @process.wait_readable(LIMIT)

      line = @process.gets.to_s
      return line if line.start_with?(start)

      raise Failed, "the load failed: #{line}#{@process.read}"
    end

    # @return [Hash{String => Numeric}] what it tells when all is answered
    def drive
      @process.puts("go")
      JSON.parse(await("{"))
    rescue Errno::EPIPE
      raise Failed, "the load is gone"
    end
  end
end
