# frozen_string_literal: true

module EventMachine
  # The queue of operations for the threads of {defer}. It wakes one thread, however many operations are
  # queued; a thread that leaves some behind wakes the next before it goes to work. So many short operations
  # are run by few threads, without handing the interpreter's lock around for each, while one that blocks
  # keeps none from being started.
  class WorkQueue < ::Thread::Queue
    # @!visibility private
    def initialize
      super
      @wakeups = ::Thread::Queue.new
    end

    # @param operation [Object]
    # @return [WorkQueue]
    def push(operation)
      super
      wake_worker
      self
    end
    alias << push
    alias enq push

    # Waits for an operation, unless one is queued.
    #
    # @return [Object] the operation
    def take
      @wakeups.pop while empty?
      operation = pop(true)
      wake_worker unless empty?
      operation
    rescue ThreadError
      # Another thread was faster.
      retry
    end

    # @return [Integer] how many threads wait for an operation
    def num_waiting
      @wakeups.num_waiting
    end

    private

    # One that is on its way, to a thread or to the next that is about to wait, is enough. Since it is taken
    # after this look at it, whoever takes it sees the operation that was queued before.
    def wake_worker
      @wakeups << true if @wakeups.empty?
    end
  end
  private_constant :WorkQueue
end
