# frozen_string_literal: true

# Counts the process's open descriptors.
module DescriptorHelper
  DIRECTORY = "/proc/self/fd"

  # @return [Hash{Integer => String}] what each open descriptor refers to; nothing on Windows, which does not tell
  def descriptors
    return {} if Gem.win_platform?

    Dir.children(DIRECTORY).each_with_object({}) do |number, open|
      target = File.readlink(File.join(DIRECTORY, number))
      open[Integer(number)] = target unless target.match?(%r{\A/proc/\d+/fd\z})
    rescue Errno::ENOENT
      next
    end
  end
end

# expect { … }.not_to leak_descriptors
RSpec::Matchers.define :leak_descriptors do
  supports_block_expectations
  include DescriptorHelper

  match do |block|
    # A loop leaves its queue to the next one.
    EventMachine.run { EventMachine.stop } unless EventMachine.reactor_running?
    GC.start
    before = descriptors
    block.call
    @leaked = left_open(before)
    @leaked.any?
  end

  # A thread of an earlier example may have a file open for a moment; a leak stays.
  def left_open(before, patience = 5)
    deadline = Process.clock_gettime(Process::CLOCK_MONOTONIC) + patience
    loop do
      GC.start
      open = descriptors.reject { |number, target| before[number] == target }
      return open if open.empty? || Process.clock_gettime(Process::CLOCK_MONOTONIC) > deadline

      sleep(0.01)
    end
  end

  failure_message { "expected the block to leave descriptors open" }
  failure_message_when_negated { "left open: #{@leaked}" }
end
