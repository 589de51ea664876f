# frozen_string_literal: true

module EventMachine
  @fiber_scheduler = nil
  @fiber_grace = 2
  @last_fibers = false

  class << self
    # How long the end of the reactor waits for tasks that it has cancelled, in seconds. Default: 2.
    #
    # @return [Numeric]
    attr_reader :fiber_grace

    # @param seconds [Numeric]
    # @raise [ArgumentError] when it is negative
    # @raise [TypeError] when it is no number
    def fiber_grace=(seconds)
      @fiber_grace = not_negative(seconds, "fiber_grace")
    end

    # Runs the event loop for a block in a fiber, and stops it when the block has ended.
    #
    # @yieldparam task [Task]
    # @return [Object] what the block returned; nil where the reactor was stopped before
    # @raise [Exception] what the block raised
    # @raise [RuntimeError] when a reactor runs
    def main(&block)
      raise ArgumentError, "no block given" unless block
      raise "the reactor is running: call EventMachine.fiber" if reactor_running?

      value = error = nil
      run do
        task = fiber("main", &block)
        task.callback { |result| value = result }
        task.errback { |reason| error = reason unless task.status == :cancelled }
        task.callback { stop }.errback { stop unless stopping? }
      end
      raise error if error

      value
    end

    # @return [Array<Task>] those that have started and not ended
    def tasks
      Task.live
    end

    private

    def launch(task)
      scheduler = ::Fiber.scheduler
      if (reactor_running? && reactor_thread?) || ::Fiber.current_scheduler
        start_task(task, scheduler)
      else
        next_tick { start_task(task, ::Fiber.scheduler) unless task.status == :cancelled }
      end
      end_at_wait(task) if @last_fibers && @fiber_scheduler && task.run_by?(@fiber_scheduler)
      task
    end

    def start_task(task, scheduler)
      case scheduler
      when nil then task.__send__(:start, install_scheduler)
      when Scheduler then task.__send__(:start, scheduler)
      else task.__send__(:start_elsewhere, scheduler)
      end
    end

    def keep_scheduler
      return unless @fiber_scheduler && @fiber_scheduler.equal?(::Fiber.scheduler)

      raise "the fibers of EventMachine.run have this scheduler: set another one when that has returned"
    end

    # @return [Numeric]
    def not_negative(seconds, name)
      raise TypeError, "#{name} must be a number: #{seconds.inspect}" unless seconds.is_a?(Numeric) && seconds.real?
      raise ArgumentError, "#{name} must not be negative: #{seconds}" if seconds.negative?
      raise ArgumentError, "#{name} is not a number: #{seconds}" if seconds.is_a?(Float) && seconds.nan?

      seconds
    end

    def install_scheduler
      scheduler = Scheduler.new
      ::Fiber.set_scheduler(scheduler)
      @fiber_scheduler = scheduler
      scheduler.__send__(:attach)
      scheduler.__send__(:end_soon) if @last_fibers
      scheduler
    end
  end
end
