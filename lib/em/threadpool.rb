# frozen_string_literal: true

require_relative "work_queue"

module EventMachine
  # How long the end of the reactor waits for the threads of the pool, in seconds.
  THREADPOOL_GRACE = 2
  private_constant :THREADPOOL_GRACE

  @threadpool = nil
  @threadqueue = nil
  @resultqueue = nil
  @threadpool_size = 20

  class << self
    # @return [Array<Thread>, nil] the threads of {defer}; nil until it is used
    attr_reader :threadpool

    # Number of threads that {defer} uses, an Integer or what else has `to_i`; takes effect when the pool is
    # next spawned. Default: 20.
    #
    # @return [#to_i]
    attr_accessor :threadpool_size

    # Runs a blocking operation in a thread of a pool and hands its result back to the reactor's thread.
    #
    # Where there is no errback, what the operation raises is raised in the main thread at once, and ends
    # {run} there: no {error_handler} gets it.
    #
    # @param operation [#call, nil] what to run in the pool; wins over the block
    # @param callback [#call, nil] called in the reactor's thread with the operation's result
    # @param errback [#call, nil] called in the reactor's thread with the exception the operation raised
    # @return [Thread::Queue] the queue of operations
    # @raise [ArgumentError] when there is no operation that can be called
    def defer(operation = nil, callback = nil, errback = nil, &block)
      operation ||= block
      unless operation.respond_to?(:call)
        raise ArgumentError, "operation to defer cannot be called: #{operation.inspect}"
      end

      spawn_threadpool unless @threadpool && @threadpool.size == @threadpool_size
      @threadqueue.add(operation, callback, errback)
    end

    # Starts the threads of the pool that are missing. {defer} does this itself.
    #
    # @return [true]
    def spawn_threadpool
      @threadpool ||= []
      @threadqueue ||= WorkQueue.new
      @resultqueue ||= WorkQueue.new
      missing = @threadpool_size.to_i - @threadpool.size
      missing.times { @threadpool << new_worker(@threadqueue, @resultqueue, @threadpool) }
      true
    end

    # Whether all operations given to {defer} are done and their results delivered.
    #
    # @return [Boolean]
    def defers_finished?
      return true unless @threadpool

      @threadqueue.idle? && @resultqueue.empty?
    end

    private

    def new_worker(operations, results, pool)
      Thread.new do
        Thread.current.name = "eventmachine defer"
        Thread.current.abort_on_exception = true
        work_off(operations, results)
      ensure
        # An operation may end its thread; the next defer then starts another.
        pool.delete(Thread.current)
        operations.rouse
        wake_reactor
      end
    end

    # The child of a fork may not know of a wake-up that the parent's loop has had.
    def work_off(operations, results)
      loop do
        operations.wait
        wake_reactor if operations.run(results) || @machine_inherited
      end
    end

    # The threads go by the deadline all together, whether they have ended or not.
    def stop_threadpool
      workers = forget_threadpool
      @threadqueue = @resultqueue = nil
      workers.each(&:kill)
      deadline = monotonic_time + THREADPOOL_GRACE
      workers.each { |worker| worker.join([deadline - monotonic_time, 0].max) }
    end

    # @return [Array<Thread>] the threads that were in the pool, save the calling one
    def forget_threadpool
      workers = @threadpool.to_a.dup
      @threadpool = nil
      @threadqueue&.forget_running
      workers - [Thread.current]
    end

    # Operations that were queued in the parent and that no thread had taken are run in the child.
    def revive_threadpool
      forget_threadpool
      spawn_threadpool if @threadqueue && !@threadqueue.empty?
      wake_reactor unless deferred_callbacks_empty?
    end

    def monotonic_time
      Process.clock_gettime(Process::CLOCK_MONOTONIC)
    end
  end
end
