# frozen_string_literal: true

require "etc"

require_relative "failed"
require_relative "pinning"

module Bench
  # A server that is measured, from outside.
  class Server
    # Runs it during the block.
    #
    # @yieldparam server [Server]
    def self.run(*command)
      IO.popen([*Pinning.server, *command], err: %i[child out]) do |output|
        address = output.gets.to_s[/^address (\S+)$/, 1]
        raise Failed, "it does not listen: #{output.read}" unless address

        yield new(output.pid, address)
      ensure
        Process.kill(:KILL, output.pid)
      end
    end

    # @return [String] where it listens
    attr_reader :address

    # @return [Integer]
    attr_reader :process

    def initialize(process, address)
      @process = process
      @address = address
    end

    # What a block costs it. The kernel tells the sum exactly; what part of it was spent in the kernel, in
    # ticks.
    #
    # @return [Array(Float, Integer, Integer)] seconds of CPU time, and ticks of it in the program and in the
    #   kernel
    def cost
      before = [total, *ticks]
      yield
      [total, *ticks].zip(before).map { |now, then_| now - then_ }
    end

    # @return [Integer] KiB of memory that it takes now
    def resident
      status("VmRSS")
    end

    # @return [Integer] KiB of memory that it took at most
    def peak
      status("VmHWM")
    end

    private

    # The number of another process's clock of CPU time is made of its id: see clock_getcpuclockid(3).
    def total
      Process.clock_gettime((~@process << 3) | 2)
    end

    # From proc(5): the fields after the command's name, in parentheses, of which the 12th and 13th are user
    # and system time in ticks.
    def ticks
      fields = File.read("/proc/#{@process}/stat", encoding: "UTF-8").rpartition(")").last.split
      fields.values_at(11, 12).map(&:to_i)
    end

    def status(name)
      File.read("/proc/#{@process}/status", encoding: "UTF-8")[/^#{name}:\s+(\d+)/, 1].to_i
    end
  end
end
