# frozen_string_literal: true

require "open3"
require "rbconfig"
require "timeout"
require_relative "watchdog"

# Runs Ruby programs on this library in processes of their own.
module ProcessHelper
  LIBRARY = File.expand_path("../../lib", __dir__)
  LIMIT = 10
  # How a program, with all that it starts, is told apart, and killed. Windows kills one only.
  GROUP = Gem.win_platform? ? { new_pgroup: true } : { pgroup: true }
  SIGN = Gem.win_platform? ? 1 : -1

  # @param script [String] the program
  # @param arguments [Array<String>] its arguments
  # @param limit [Numeric] seconds after which it is killed and the example fails, where nothing is slower
  # @return [Array(String, Process::Status)] what it wrote, standard error included, and how it ended
  def run_ruby(script, *arguments, limit: LIMIT, env: {}, options: [])
    preload = ENV.fetch("EM_PRELOAD", "eventmachine")
    command = [RbConfig.ruby, "-I", LIBRARY, *options, "-r", preload, "-e", script, *arguments]
    Open3.popen2e(env, *command, **GROUP) do |input, output, process|
      input.close
      [read_within(limit, output, process), process.value]
    end
  end

  # Waits for a block to be true.
  #
  # @raise [RuntimeError] when it is not within the limit
  def wait_until(limit: LIMIT, what: "the condition")
    deadline = now + (limit * Watchdog::FACTOR)
    until (result = yield)
      raise "#{what} did not come true within #{limit} s" if now > deadline

      sleep 0.01
    end
    result
  end

  private

  def now
    Process.clock_gettime(Process::CLOCK_MONOTONIC)
  end

  def read_within(limit, output, process)
    Timeout.timeout(limit * Watchdog::FACTOR) { output.read }
  rescue Timeout::Error
    Process.kill(:KILL, SIGN * process.pid)
    raise "the program was not done within #{limit} s; it had written: #{output.read}"
  end
end
