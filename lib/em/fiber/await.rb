# frozen_string_literal: true

require "timeout"

module EventMachine
  # One fiber's wait for the outcome of something with callbacks.
  class Outcome
    def initialize(scheduler)
      @scheduler = scheduler
      @fiber = ::Fiber.current
      @waiting = false
      @settled = false
      @callback = proc { |*arguments| settle(true, arguments) }
      @errback = proc { |*arguments| settle(false, arguments) }
    end

    # @return [Object] what came of it
    def of(awaited, timeout)
      awaited.callback(&@callback)
      awaited.errback(&@errback) unless @settled
      wait(awaited, timeout) unless @settled
      @succeeded ? unwrapped : raise(failure)
    ensure
      give_up(awaited) unless @settled
    end

    private

    def settle(succeeded, arguments)
      return if @settled

      @settled = true
      @succeeded = succeeded
      @arguments = arguments
      @scheduler.unblock(self, @fiber) if @waiting
    end

    def wait(awaited, timeout)
      @waiting = true
      deadline = timeout && (now + timeout)
      until @settled
        remaining = deadline && (deadline - now)
        raise Timeout::Error, "#{awaited.class} took longer than #{timeout} s" if remaining && remaining <= 0

        @scheduler.block(self, remaining)
      end
    ensure
      @waiting = false
    end

    def give_up(awaited)
      awaited.cancel_callback(@callback) if awaited.respond_to?(:cancel_callback)
      awaited.cancel_errback(@errback) if awaited.respond_to?(:cancel_errback)
    end

    def unwrapped
      @arguments.size > 1 ? @arguments : @arguments.first
    end

    def failure
      reason = @arguments.first
      reason.is_a?(Exception) ? reason : Failed.new(@arguments)
    end

    def now
      Process.clock_gettime(Process::CLOCK_MONOTONIC)
    end
  end
  private_constant :Outcome

  class << self
    # Has the running fiber wait for something that calls back.
    #
    # @param awaited [Task, Deferrable, Completion, Thread, #callback] a Thread, or what has `callback` and
    #   `errback`
    # @param timeout [Numeric, nil] seconds
    # @return [Object] what it succeeded with: an Array where that is more than one value
    # @raise [Exception] what it failed with; {Failed} where that is no exception
    # @raise [TaskCancelled] when it is a task that was cancelled
    # @raise [Timeout::Error] when it takes longer
    # @raise [NotInFiber] in a callback, or in a thread without a scheduler
    # @raise [TypeError] when it is nothing to wait for, or the timeout is no number
    # @raise [ArgumentError] when the timeout is negative
    # @raise [FiberError] when it is the task that runs
    def await(awaited, timeout = nil)
      scheduler = waiting_scheduler("await")
      not_negative(timeout, "timeout") unless timeout.nil?
      return await_thread(awaited, timeout) if awaited.is_a?(Thread)

      check_awaited(awaited)
      Outcome.new(scheduler).of(awaited, timeout)
    end

    # Waits for all of some. Where one fails, the tasks among the others are cancelled.
    #
    # @param awaited as for {await}
    # @return [Array<Object>] what they succeeded with
    # @raise [Exception] as {await}, for the first that fails
    # @raise [FiberError] as {await}
    def gather(*awaited)
      waiting_scheduler("gather")
      await_joint(Gathering.new(awaited.size), awaited)
    rescue Exception
      cancel_tasks(awaited)
      raise
    end

    # Waits for the first of some; the tasks among the others are cancelled.
    #
    # @param awaited as for {await}
    # @return [Object] what the first succeeded with
    # @raise [Exception] as {await}, where the first fails
    # @raise [ArgumentError] when there is none
    # @raise [FiberError] as {await}
    def race(*awaited)
      waiting_scheduler("race")
      raise ArgumentError, "nothing to wait for" if awaited.empty?

      await_joint(Race.new, awaited)
    ensure
      cancel_tasks(awaited)
    end

    # Runs a block in a thread of the pool of {defer}, while the fiber waits.
    #
    # @return [Object] what the block returns
    # @raise [Exception] what it raises
    # @raise [ThreadError] when it ends its thread
    # @raise [NotInFiber] as {await}
    # @raise [ArgumentError] without a block
    def offload(&block)
      raise ArgumentError, "no block given" unless block

      waiting_scheduler("offload")
      done = DefaultDeferrable.new
      if reactor_running? && reactor_thread?
        defer { outcome_of_block(block) { |*outcome| next_tick { done.set_deferred_status(*outcome) } } }
      else
        # The loop may end before this thread's scheduler does.
        Thread.new { outcome_of_block(block) { |*outcome| done.set_deferred_status(*outcome) } }
      end
      await(done)
    end

    # Runs a block in which the task is not cancelled, and no timeout set before ends it: that comes when the
    # block is over.
    #
    # @return [Object] what the block returns
    # @raise [ArgumentError] without a block
    # @raise [NotInFiber] as {await}
    def shield
      raise ArgumentError, "no block given" unless block_given?

      scheduler = waiting_scheduler("shield")
      return yield unless scheduler.is_a?(Scheduler)

      scheduler.__send__(:shield, true)
      begin
        value = yield
      ensure
        scheduler.__send__(:shield, false)
      end
      scheduler.__send__(:checkpoint)
      value
    end

    private

    def waiting_scheduler(operation)
      ::Fiber.current_scheduler or
        raise NotInFiber, "EventMachine#{operation.include?('#') ? '::' : '.'}#{operation} waits, and callbacks " \
                          "must not: call it in EventMachine.fiber { }"
    end

    def check_awaited(awaited)
      unless awaited.respond_to?(:callback) && awaited.respond_to?(:errback)
        raise TypeError, "neither a Thread nor anything with callbacks: #{awaited.inspect}"
      end
      raise FiberError, "a task cannot wait for itself" if awaited.is_a?(Task) && awaited.equal?(Task.current)
    end

    def await_joint(joint, awaited)
      awaited.each { |one| check_awaited(one) unless one.is_a?(Thread) }
      awaited.each_with_index { |one, place| joint.add(one, place) }
      await(joint)
    ensure
      joint.give_up
    end

    def await_thread(thread, timeout)
      return thread.value unless timeout

      Timeout.timeout(timeout) { thread.value }
    end

    # Yields what came of a block, however it ends.
    def outcome_of_block(block)
      outcome = [:failed, ThreadError.new("the block has ended its thread")]
      outcome = [:succeeded, block.call]
    rescue Exception => error
      outcome = [:failed, error]
    ensure
      yield(*outcome)
    end

    def cancel_tasks(awaited)
      awaited.each { |one| one.cancel if one.is_a?(Task) && !one.equal?(Task.current) }
    end
  end
end
