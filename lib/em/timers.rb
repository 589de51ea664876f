# frozen_string_literal: true

module EventMachine
  # Calls something once, after an interval.
  #
  # @example
  #   reminder = EventMachine::Timer.new(0.5) { warn "still waiting for an answer" }
  #   request.callback { reminder.cancel }
  class Timer
    # @param interval [Numeric] in seconds
    # @param callback [#call, nil] what to call; the block, if nil
    # @raise [RuntimeError] when no reactor runs, or when {EventMachine.get_max_timers} timers are outstanding
    # @raise [FloatDomainError] if the interval is infinite or not a number
    def initialize(interval, callback = nil, &block)
      @signature = EventMachine.add_timer(interval, callback || block)
    end

    # Cancels the timer. It does nothing if the timer has fired.
    #
    # @return [false, nil] as {EventMachine.cancel_timer}
    def cancel
      EventMachine.cancel_timer(@signature)
    end
  end

  # Calls something at regular intervals. Calls are due at multiples of the interval after the start, no matter
  # how long the callback takes or how late it is called. Missed calls are skipped.
  #
  # @example
  #   heartbeat = EventMachine::PeriodicTimer.new(30) { connection.send_data("PING\n") }
  #   heartbeat.interval = 10 # from the next call on
  #   heartbeat.cancel
  class PeriodicTimer
    # @return [Numeric] seconds between calls; a new value applies after the next call
    attr_accessor :interval

    # @param interval [Numeric] in seconds; if it is not positive, the callback is called on every turn of the
    #   reactor
    # @param callback [#call, nil] what to call; the block, if nil
    # @raise [RuntimeError, FloatDomainError] as {Timer#initialize}
    def initialize(interval, callback = nil, &block)
      @interval = interval
      @code = callback || block || proc {}
      @signature = nil
      schedule
    end

    # Cancels the timer.
    #
    # @return [true]
    def cancel
      EventMachine.cancel_timer(@signature) if @signature
      @signature = @code = nil
      true
    end

    # Starts to wait for the next call. The timer itself does this after each call. If it is waiting already, the
    # wait starts over.
    #
    # @return [Integer] signature of the timer for the next call
    def schedule
      @signature = wait_again(@signature, @interval)
    end

    # Calls the callback now, and waits for the next call, unless the timer was cancelled.
    #
    # @return [Integer, nil] as {#schedule}; nil once cancelled
    def fire
      return unless @code

      @code.call
      schedule if @code
    end

    private

    # The reactor calls this. The timer is its own callback, to use little memory: many timers do not fit in the
    # processor's cache.
    def call
      fire
    end
  end
end
