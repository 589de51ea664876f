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

    # What all fibers of tasks run. It is Ruby code, as native frames would take room on the stacks of all that wait.
    RUN = proc do |task|
      value = task.callable.call(task)
    rescue Exception => error
      task.__send__(:failed, error)
    else
      ended = task.returned(value)
    ensure
      task.__send__(:killed) unless ended
    end
    private_constant :RUN

    private_class_method :forget

    class << self
      # @return [Array<Task>] those among the live ones that a scheduler runs; other threads may have schedulers as well
      # @!visibility private
      def run_by(scheduler)
        live.select { |task| task.run_by?(scheduler) }
      end

      # Forgets all, or those that a scheduler runs.
      # @!visibility private
      def abandon(scheduler = nil)
        (scheduler ? run_by(scheduler) : live).each { |task| forget(task.fiber) }
      end

      # @return [Task, nil] the one that is running
      def current
        scheduler = ::Fiber.scheduler
        of(scheduler.is_a?(Scheduler) ? scheduler.__send__(:top_fiber) : ::Fiber.current)
      end
    end

    # @param name [#to_s, nil] for {#inspect} and warnings
    # @yieldparam task [Task]
    def initialize(name = nil, &body)
      raise ArgumentError, "no block given" unless body

      prepare(name ? name.to_s : nil, body)
    end

    # @raise [TypeError] always: the block runs once
    def initialize_copy(original)
      raise TypeError, "a task cannot be copied: #{original.inspect}"
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
      return false if ended?
      return end_unstarted unless fiber

      exception = reason.nil? ? Cancelled.new("cancelled") : Cancelled.new(reason.to_s)
      scheduler.__send__(:interrupt, fiber, exception, false)
      true
    end

    # @return [Symbol] `:waiting` or `:running`, then `:done`, `:failed` or `:cancelled`
    def status
      outcome&.first || (equal?(Task.current) ? :running : :waiting)
    end

    # @return [Array<String>, nil] where it is; nil before it has started and after it has ended
    def backtrace
      fiber.backtrace if fiber&.alive?
    end

    # As {Deferrable#callback}.
    #
    # @return [Task]
    def callback(&block)
      observe
      super
    end

    # As {Deferrable#errback}: who adds one takes the task's exception.
    #
    # @return [Task]
    def errback(&block)
      take if block
      observe
      super
    end

    # As {Deferrable#timeout}.
    #
    # @return [Task]
    def timeout(seconds, *args)
      observe
      super
    end
    ruby2_keywords :timeout

    # @return [String]
    def inspect
      "#<#{self.class}#{" #{name}" if name} #{status}>"
    end
    alias to_s inspect

    private

    # The same as a start, where another library's scheduler is set.
    def start_elsewhere(scheduler)
      ::Fiber.schedule do
        enter(::Fiber.current, Foreign.new(scheduler))
        RUN.call(self)
      end
    end

    # A lambda that takes no argument is not given the task.
    def without_task
      bare = body
      proc { bare.call }
    end

    # An exception may have ended it, or what ends the thread.
    def killed
      end_as_cancelled("killed") unless ended?
    end

    def failed(error)
      return end_as_cancelled(error.message) if error.is_a?(Cancelled)

      finish_failed(error)
      raise error if FATAL.any? { |kind| error.is_a?(kind) }

      report(error) unless taken?
    end

    def end_as_cancelled(reason)
      take
      finish_cancelled(TaskCancelled.new(reason))
    end

    def end_unstarted
      finish_cancelled(TaskCancelled.new("cancelled before it started"))
      true
    end

    # Somebody may take it until the next turn is over.
    def report(error)
      raise error unless scheduler.is_a?(Scheduler) && scheduler.attached?

      EventMachine.__send__(:report_failure, self, error)
    end

    # Tells those who have asked for the outcome.
    def publish
      how, value = outcome
      deferred_outcome(how == :done ? :succeeded : :failed, [value])
    end

    # Whoever sets another outcome has the last word only until the task ends.
    def deferred_outcome(*)
      observe
      super
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
