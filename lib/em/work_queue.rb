# frozen_string_literal: true

module EventMachine
  # A queue of {defer}: of operations for its threads, and of results for the reactor's thread. It is a Thread::Queue
  # to those who look at it, and keeps its entries, of three objects each, in the native part. An operation wakes up one
  # thread only, and a thread that leaves operations in the queue wakes up the next one before it starts to work. So a
  # few threads run many short operations, without a switch of the interpreter's lock for each, and a blocking
  # operation does not delay others.
  class WorkQueue < ::Thread::Queue
    undef_method :close, :closed?

    # @param entry [Array] an operation, its callback and its errback
    # @return [WorkQueue]
    def push(entry)
      operation, callback, errback = *entry
      add(operation, callback, errback)
    end
    alias << push
    alias enq push

    # @param non_block [Boolean] whether to raise ThreadError where there is no entry, instead of waiting for one
    # @return [Array] an operation, its callback and its errback; or a callback, its argument and nil
    # @raise [ThreadError]
    def pop(non_block = false)
      until (entry = take)
        raise ThreadError, "queue empty" if non_block

        wait
      end
      entry
    end
    alias shift pop
    alias deq pop

    alias length size
  end
  private_constant :WorkQueue
end
