# frozen_string_literal: true

require "open3"
require "tempfile"

require_relative "failed"

module Bench
  # Counts system calls.
  module Strace
    COMMAND = %w[strace --summary-only --follow-forks --summary-columns=calls,name].freeze

    # How long a command may take, in seconds.
    LIMIT = "300"

    module_function

    # @return [Integer] the system calls of a command, from its start to its end
    def run(*command)
      counted do |file|
        output, status = Open3.capture2e("timeout", LIMIT, *COMMAND, "--output", file, *command)
        raise Failed, "strace failed: #{output}" unless status.success?
      end
    end

    # @return [Integer] the system calls of a running process during the block
    def attach(process)
      counted do |file|
        command = [*COMMAND, "--output", file, "--attach", process.to_s]
        Open3.popen3(*command) do |_input, _output, errors, strace|
          raise Failed, "strace failed" unless errors.gets&.include?("attached")

          yield
          Process.kill(:INT, strace.pid)
        end
      end
    end

    def counted
      Tempfile.create("strace") do |file|
        yield file.path
        File.foreach(file.path, encoding: "UTF-8").sum { |line| line[/^\s*(\d+)\s+(?!total)\w+\s*$/, 1].to_i }
      end
    end
  end
end
