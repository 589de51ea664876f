# frozen_string_literal: true

require "em/deferrable"

module EventMachine
  # A block that runs in a fiber: {EventMachine.fiber} makes it. It is a {Deferrable}, which succeeds with what
  # the block returns and fails with what it raises.
  #
  # An exception that nobody takes, by awaiting the task or by an errback, before the next turn of the loop is
  # over, goes where those of callbacks go: to {EventMachine.error_handler}, or out of {EventMachine.run}.
  # SystemExit, signals' exceptions and NoMemoryError always leave {EventMachine.run}.
  class Task
    include Deferrable

    # These end the program, whoever awaits the task.
    FATAL = [SystemExit, SignalException, NoMemoryError].freeze
    private_constant :FATAL

    # Those that have started and not ended, by their fibers.
    LIVE = {}.compare_by_identity
    private_constant :LIVE

    # @return [String, nil]
    attr_reader :name
    # @return [Fiber, nil] nil until it has started
    attr_reader :fiber

    class << self
      # @return [Array<Task>] those that have started and not ended
      # @!visibility private
      def live
        LIVE.values
      end

      # @return [Task, nil] the one that a fiber runs
      # @!visibility private
      def of(fiber)
        LIVE[fiber]
      end

      # @return [Array<Task>] those among them that a scheduler runs; other threads may have schedulers as well
      # @!visibility private
      def run_by(scheduler)
        live.select { |task| task.run_by?(scheduler) }
      end

      # Forgets all, or those that a scheduler runs.
      # @!visibility private
      def abandon(scheduler = nil)
        scheduler ? run_by(scheduler).each { |task| LIVE.delete(task.fiber) } : LIVE.clear
      end

      # @return [Task, nil] the one that is running
      def current
        scheduler = ::Fiber.scheduler
        running = scheduler.is_a?(Scheduler) ? scheduler.__send__(:top_fiber) : ::Fiber.current
        LIVE[running]
      end
    end

    # @param name [#to_s, nil] for {#inspect} and warnings
    # @yieldparam task [Task]
    def initialize(name = nil, &body)
      raise ArgumentError, "no block given" unless body

      # No more is set than all tasks need: many variables take memory of their own.
      @body = body
      @name = name.to_s if name
    end

    # Waits for the end of the block.
    #
    # @param timeout [Numeric, nil] seconds
    # @return [Object] what the block returns
    # @raise [Exception] what it raises; {TaskCancelled} where it is cancelled
    # @raise [Timeout::Error] when it takes longer
    # @raise [NotInFiber] in a callback
    def await(timeout = nil)
      EventMachine.await(self, timeout)
    end

    # Raises {Cancelled} where the task waits; at its next wait where it does not. May be called again, and
    # from any thread.
    #
    # @param reason [Object] the exception's message
    # @return [Boolean] false where the task has ended
    def cancel(reason = nil)
      return false if @state
      return end_unstarted unless @fiber

      exception = reason.nil? ? Cancelled.new("cancelled") : Cancelled.new(reason.to_s)
      @scheduler.__send__(:interrupt, @fiber, exception, false)
      true
    end

    # @return [Object, nil] what the block returned; nil until then
    def value
      @deferred_args.first if @state == :done
    end

    # @return [Symbol] `:waiting` or `:running`, then `:done`, `:failed` or `:cancelled`
    def status
      return @state if @state

      equal?(Task.current) ? :running : :waiting
    end

    # @return [Array<String>, nil] where it is; nil before it has started and after it has ended
    def backtrace
      @fiber.backtrace if @fiber&.alive?
    end

    # As {Deferrable#errback}: who adds one takes the task's exception.
    #
    # @return [Task]
    def errback(&block)
      @taken = true if block
      super
    end

    # @return [Boolean] whether a scheduler runs it
    # @!visibility private
    def run_by?(scheduler)
      @scheduler.equal?(scheduler)
    end

    # @return [Boolean] whether somebody gets the exception of the task
    # @!visibility private
    def taken?
      @taken ? true : false
    end

    # @return [String]
    def inspect
      "#<#{self.class}#{" #{name}" if name} #{status}>"
    end
    alias to_s inspect

    private

    # Runs the block until its first wait.
    def start(scheduler)
      return if @state

      @scheduler = scheduler
      LIVE[@fiber = Scheduler::Fiber.new { run }] = self
      scheduler.__send__(:spawn, @fiber)
    end

    # The same, where another library's scheduler is set.
    def start_elsewhere(scheduler)
      @scheduler = Foreign.new(scheduler)
      ::Fiber.schedule do
        @fiber = ::Fiber.current
        LIVE[@fiber] = self
        run
      end
    end

    def run
      body = @body
      value = body.lambda? && body.arity.zero? ? body.call : body.call(self)
    rescue Exception => error
      failed(error)
    else
      finish(:done)
      deferred_outcome(:succeeded, [value])
    ensure
      end_as_cancelled("killed") unless @state
    end

    def failed(error)
      return end_as_cancelled(error.message) if error.is_a?(Cancelled)

      finish(:failed)
      set_deferred_status(:failed, error)
      raise error if FATAL.any? { |kind| error.is_a?(kind) }

      report(error) unless @taken
    end

    def end_as_cancelled(reason)
      finish(:cancelled)
      @taken = true
      set_deferred_status(:failed, TaskCancelled.new(reason))
    end

    # Somebody may take it until the next turn is over.
    def report(error)
      raise error unless @scheduler.is_a?(Scheduler) && @scheduler.attached?

      EventMachine.__send__(:report_failure, self, error)
    end

    def finish(state)
      @state = state
      LIVE.delete(@fiber)
    end

    def end_unstarted
      @state = :cancelled
      set_deferred_status(:failed, TaskCancelled.new("cancelled before it started"))
      true
    end

    # Another library's scheduler knows no alarms: the exception is raised at once.
    class Foreign
      def initialize(scheduler)
        @scheduler = scheduler
      end

      private

      def interrupt(fiber, exception, _now)
        fiber.raise(exception)
      end
    end
    private_constant :Foreign
  end
end
