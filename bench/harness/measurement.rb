# frozen_string_literal: true

require "open3"
require "tempfile"

require_relative "failed"
require_relative "http"
require_relative "load"
require_relative "pinning"
require_relative "server"
require_relative "session"
require_relative "strace"

module Bench
  # Runs a line's program on a subject and measures it.
  class Measurement
    # For how long messages are sent at a fixed rate, in seconds.
    DURATION = 2

    # What a line's program may cost at most, in seconds.
    LIMIT = "120"

    def initialize(line, subject)
      @line = line
      @subject = subject
    end

    # Runs a line's program, if it does its operations by itself.
    #
    # @return [Hash{Symbol => Numeric}] user and system: seconds of CPU time; operations; seconds they took;
    #   peak: KiB of memory; footprint: bytes of memory for a connection. Of a line of memory the last alone.
    def sample
      with_command do |*all|
        output, status = Open3.capture2e("timeout", LIMIT, *Pinning.server, *all)
        cost_told(output, status.success?)
      end
    end

    # Runs a line's server, and its load, which waits for being driven.
    #
    # @yieldparam session [Session]
    def session
      messages = [@line.operations / Session::TURNS, 1].max
      with_load(@line.operations / 10, messages) do |load, server, empty|
        yield Session.new(@line, @subject, server, load, empty)
      end
    end

    # Counts a tenth of the operations, since tracing is slow.
    #
    # @return [Float] system calls for an operation
    def system_calls
      operations = [@line.operations / 10, 1].max
      @line.server? ? server_system_calls(operations) : program_system_calls(operations)
    end

    # @param rate [Integer] how many operations a second are asked for
    # @return [Hash{String => Numeric}] percentiles of latency in microseconds
    def latency(rate)
      with_load(@line.operations / 10, rate * DURATION, rate: rate) { |load| load.drive }
    end

    private

    # Failures while it runs are the subject's.
    def with_command(operations = @line.operations)
      Tempfile.create(["bench", ".rb"]) do |file|
        file.write(@line.source)
        file.close
        Failed.blame(@subject) { yield(*@subject.command(@line, file.path, operations)) }
      end
    end

    def cost_told(output, success)
      told = output.scan(/^(cpu|seconds|peak|bytes) (.*)$/).to_h
      told.transform_values! { |text| text.split.map(&:to_f) }
      raise Failed, output unless success && told[@line.memory? ? "bytes" : "cpu"]
      return { footprint: told["bytes"].first } if @line.memory?

      user, system = told["cpu"]
      seconds = told.fetch("seconds", [nil]).first
      { user: user, system: system, operations: @line.operations, seconds: seconds, peak: told["peak"].first }
    end

    def program_system_calls(operations)
      once, twice = [1, 2].map { |factor| with_command(factor * operations) { |*all| Strace.run(*all) } }
      (twice - once).fdiv(operations)
    end

    def server_system_calls(operations)
      with_load(operations / 10, operations) do |load, server|
        calls = Strace.attach(server.process) { load.drive }
        calls.fdiv(operations)
      end
    end

    def with_load(warm_up, messages, **options)
      with_command do |*command|
        Server.run(*command) do |server|
          empty = server.resident
          Load.open(*load_arguments(server), warm_up: warm_up, messages: messages, **options) do |load|
            yield load, server, empty
          end
        end
      end
    end

    def load_arguments(server)
      kind, *arguments = @line.load
      return [kind, server.address, *arguments] unless kind == "http"

      ["echo", server.address, *HTTP.new(server.address).arguments(*arguments)]
    end
  end
end
