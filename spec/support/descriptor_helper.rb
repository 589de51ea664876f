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
    @leaked = left_open(&block)
    # What a thread of an earlier example opens meanwhile does not come again; a leak does.
    @leaked = left_open(&block) if @leaked.any?
    @leaked.any?
  end

  # @return [Hash{Integer => String}] what the block opens and does not close, or somebody else beside it
  def left_open(patience = 3)
    GC.start
    before = descriptors
    yield
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
