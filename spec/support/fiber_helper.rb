# frozen_string_literal: true

# For specs of fibers: runs a block as a task, and looks at what a scheduler has left.
module FiberHelper
  COUNTS = %i[waits by_fiber queued alarms pending idle reactor_waits registrations].freeze

  # Runs the reactor with the block as a task, and stops it when that has ended.
  #
  # @return [Object] what the block returned
  def in_fiber(limit = ReactorHelper::LIMIT, &block)
    result = nil
    em(limit) do
      EventMachine.fiber("the example") { |task| result = block.call(task) }.callback { EventMachine.stop }
    end
    result
  end

  def fiber(name = nil, &block)
    EventMachine.fiber(name, &block)
  end

  # @return [Exception, nil] what the block raises
  def raised
    yield
    nil
  rescue Exception => error
    error
  end

  # Runs the block in a thread whose scheduler has a loop of its own.
  #
  # @return [Object] what the block returned
  def standalone(&block)
    result = nil
    thread = Thread.new do
      Thread.current.report_on_exception = false
      Fiber.set_scheduler(EventMachine::Scheduler.new)
      Fiber.schedule { result = block.call }
    end
    thread.join
    result
  end

  # @return [Hash{Symbol => Integer}] what the scheduler of this thread has
  def counts
    COUNTS.zip(Fiber.scheduler.__send__(:counts)).to_h
  end

  # Expects that nobody waits but the calling fiber's own task, and that nothing is left of earlier waits.
  def expect_nothing_left
    left = counts.slice(:waits, :by_fiber, :queued, :alarms, :pending, :reactor_waits)
    expect(left.values.sum).to eq(0), "left: #{left}"
  end

  # Lets all that is ready run.
  def settle(turns = 3)
    turns.times { sleep 0 }
  end
end

RSpec.configure { |config| config.include FiberHelper }
