# frozen_string_literal: true

module EventMachine
  # The queue of operations for the threads of {defer}. Pushing wakes up one thread only. A thread that leaves
  # operations in the queue wakes up the next thread before it starts to work. So a few threads run many short
  # operations, without a switch of the interpreter's lock for each, and a blocking operation does not delay
  # others.
  class WorkQueue < ::Thread::Queue
    # @!visibility private
    def initialize
      super
      @wakeups = ::Thread::Queue.new
      @taken = {}.compare_by_identity
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

    # Takes an operation, and waits if there is none. It counts as taken until {#done}.
    #
    # @return [Object] the operation
    def take
      @wakeups.pop while empty?
      # Before it leaves the queue, so that it is always in one of the two.
      @taken[Thread.current] = true
      operation = pop(true)
      wake_worker unless empty?
      operation
    rescue ThreadError
      # Another thread was faster.
      done
      retry
    end

    # The calling thread is done with what it has taken.
    #
    # @return [void]
    def done
      @taken.delete(Thread.current)
    end

    # @return [Boolean] whether there is no operation that is not done
    def idle?
      empty? && @taken.empty?
    end

    # @return [Integer] how many threads are waiting for an operation
    def num_waiting
      @wakeups.num_waiting
    end

    private

    # One pending wake-up is enough. It is taken after this check, so the thread that takes it sees the operation
    # that was queued before.
    def wake_worker
      @wakeups << true if @wakeups.empty?
    end
  end
  private_constant :WorkQueue
end
