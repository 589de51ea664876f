# frozen_string_literal: true

require "json"
require "open3"
require "tempfile"

require_relative "pinning"
require_relative "strace"

module Bench
  # CPU seconds, of the program and of the kernel on its behalf, and the operations that they were spent on.
  Cost = Struct.new(:user, :system, :operations) do
    # @return [Float] microseconds for an operation
    def per_operation
      (user + system) / operations * 1e6
    end
  end

  # Runs a line's program on a subject and measures it.
  class Measurement
    Failed = Class.new(StandardError)

    LOAD = File.join(ROOT, "bench", "load", "target", "release", "load")
    TICK = 1.0 / Etc.sysconf(Etc::SC_CLK_TCK)

    def initialize(line, subject)
      @line = line
      @subject = subject
    end

    # @return [Cost]
    def cpu
      with_source { |file| @line.server? ? server_cpu(file) : program_cpu(file) }
    end

    # Counts a tenth of the operations, since tracing is slow.
    #
    # @return [Float] system calls for an operation
    def system_calls
      operations = [@line.operations / 10, 1].max
      with_source do |file|
        next server_system_calls(file, operations) if @line.server?

        once, twice = [1, 2].map { |factor| program_system_calls(file, factor * operations) }
        (twice - once) / operations.to_f
      end
    end

    private

    def with_source
      Tempfile.create(["bench", ".rb"]) do |file|
        file.write(@line.source)
        file.close
        yield file.path
      end
    end

    def program_cpu(file)
      output, status = Open3.capture2e(*Pinning.server, *@subject.command(file, @line.operations))
      cpu = output[/^cpu (\S+ \S+)$/, 1]
      raise Failed, "#{@line.id} failed on #{@subject.name}: #{output}" unless status.success? && cpu

      Cost.new(*cpu.split.map(&:to_f), @line.operations)
    end

    # The time between the load's beginning and its end; what the program took to start is none of it.
    def server_cpu(file)
      with_server(file) do |process, address|
        drive(address, @line.operations / 10)
        before = cpu_of(process)
        drive(address, @line.operations)
        user, system = cpu_of(process).zip(before).map { |now, then_| now - then_ }
        Cost.new(user, system, @line.operations)
      end
    end

    # From proc(5): the fields after the command's name, in parentheses, of which the 12th and 13th are user
    # and system time in clock ticks.
    def cpu_of(process)
      fields = File.read("/proc/#{process}/stat").rpartition(")").last.split
      fields.values_at(11, 12).map { |ticks| ticks.to_i * TICK }
    end

    def program_system_calls(file, operations)
      Strace.run(*@subject.command(file, operations))
    end

    def server_system_calls(file, operations)
      with_server(file) do |process, address|
        drive(address, operations / 10)
        Strace.attach(process) { drive(address, operations) } / operations.to_f
      end
    end

    def with_server(file)
      command = [*Pinning.server, *@subject.command(file, @line.operations)]
      IO.popen(command, err: %i[child out]) do |output|
        port = output.gets.to_s[/^port (\d+)$/, 1]
        raise Failed, "#{@line.id} does not listen: #{output.read}" unless port

        yield output.pid, "127.0.0.1:#{port}"
      ensure
        Process.kill(:KILL, output.pid)
      end
    end

    def drive(address, operations)
      kind, *options = @line.load
      command = [*Pinning.load, LOAD, kind, address, *options, "--messages", operations.to_s]
      output, status = Open3.capture2e(*command)
      raise Failed, "the load failed: #{output}" unless status.success?

      JSON.parse(output)
    end
  end
end
