# frozen_string_literal: true

module EventMachine
  # Calls something once, after an interval.
  #
  # @example
  #   reminder = EventMachine::Timer.new(0.5) { warn "still waiting for an answer" }
  #   request.callback { reminder.cancel }
  class Timer
    # @param interval [Numeric] in seconds
    # @param callback [#call, nil] what to call; the block, where nil
    # @raise [RuntimeError] when the reactor is not running, or {EventMachine.get_max_timers} timers are
    #   outstanding
    # @raise [FloatDomainError] when the interval is infinite or not a number
    def initialize(interval, callback = nil, &block)
      @signature = EventMachine.add_timer(interval, callback || block)
    end

    # Keeps the timer from firing, where it has not yet.
    #
    # @return [false, nil] as {EventMachine.cancel_timer}
    def cancel
      EventMachine.cancel_timer(@signature)
    end
  end

  # Calls something again and again. The times are multiples of the interval from the start, however long the
  # callback takes and however late it was called; those that were missed are left out.
  #
  # @example
  #   heartbeat = EventMachine::PeriodicTimer.new(30) { connection.send_data("PING\n") }
  #   heartbeat.interval = 10 # from the next call on
  #   heartbeat.cancel
  class PeriodicTimer
    # @return [Numeric] seconds from call to call; a new value holds from the next call on
    attr_accessor :interval

    # @param interval [Numeric] in seconds; where it is not positive, the callback is called each turn of the
    #   reactor
    # @param callback [#call, nil] what to call; the block, where nil
    # @raise [RuntimeError, FloatDomainError] as {Timer#initialize}
    def initialize(interval, callback = nil, &block)
      @interval = interval
      @code = callback || block || proc {}
      @signature = nil
      schedule
    end

    # Ends the timer.
    #
    # @return [true]
    def cancel
      EventMachine.cancel_timer(@signature) if @signature
      @signature = @code = nil
      true
    end

    # Starts the wait for the next call. The timer itself does so after each call; where it is waiting
    # already, the wait begins anew.
    #
    # @return [Integer] signature of the wait
    def schedule
      @signature = wait_again(@signature, @interval)
    end

    # Makes the call now, and waits for the next one, unless the timer was cancelled.
    #
    # @return [Integer, nil] as {#schedule}; nil once cancelled
    def fire
      return unless @code

      @code.call
      schedule if @code
    end

    private

    # The reactor calls this. The timer is what is called, so that there is no more to it: many of them are
    # more than what processors keep at hand.
    def call
      fire
    end
  end
end
