# frozen_string_literal: true

module EventMachine
  # Something was called that waits, and what called it may not: a callback of the event loop, or a thread
  # without a scheduler.
  class NotInFiber < RuntimeError; end

  # Raised in a {Task} where it waits, to end it: {Task#cancel}, {EventMachine.stop}. It is no StandardError,
  # so that a plain `rescue` does not take it; `ensure` is run.
  class Cancelled < Exception; end

  # What awaiting a {Task} raises that was cancelled.
  class TaskCancelled < StandardError; end

  # What awaiting a {Deferrable} raises that failed with anything but an exception.
  class Failed < StandardError
    # @return [Array<Object>] what {Deferrable#fail} was given
    attr_reader :arguments

    # @param arguments [Array<Object>]
    def initialize(arguments)
      @arguments = arguments
      super("failed #{arguments.empty? ? 'without a reason' : "with #{arguments.map(&:inspect).join(', ')}"}")
    end
  end
end
