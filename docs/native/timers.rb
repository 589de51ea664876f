# frozen_string_literal: true

module EventMachine
  class << self
    # @!group Timers

    # Calls something once, after an interval.
    #
    # @example
    #   EventMachine.add_timer(1.5) { connection.close_connection }
    # @param seconds [Numeric] the interval; 0 or less means the next turn of the loop
    # @param callback [#call, nil] what to call; the block, if nil
    # @return [Integer, nil] the timer's signature, for {cancel_timer}; nil if there is nothing to call
    # @raise [FloatDomainError] if the interval is infinite or not a number
    # @raise [TypeError] if the interval is a Time, which {at} takes
    # @raise [RuntimeError] when no reactor runs, or when {get_max_timers} timers are outstanding
    def add_timer(seconds = nil, callback = nil, &block); end

    # Cancels a timer. It does nothing if the timer has fired or was cancelled before.
    #
    # @param timer [Integer, Timer, PeriodicTimer] what {add_timer} or {add_periodic_timer} returned
    # @return [Object] for a signature false, or nil if there is no such timer; for a timer object what its
    #   `cancel` returns
    def cancel_timer(timer); end

    # Starts a timer that calls what `@timers` has for its signature. {add_timer} does both.
    #
    # @param milliseconds [Numeric]
    # @return [Integer] signature
    # @raise [RuntimeError] when no reactor runs, or when too many timers are outstanding
    def add_oneshot_timer(milliseconds); end

    # Removes a timer. {cancel_timer} calls this.
    #
    # @param signature [Integer] the timer's
    # @return [Boolean] false if it has fired or was removed before
    # @raise [RuntimeError] when no reactor runs
    def cancel_oneshot_timer(signature); end

    # @return [Integer] the number of outstanding timers
    # @raise [RuntimeError] when no reactor runs
    def get_timer_count; end

    # Ends what {suspend_timers} began.
    #
    # @return [Boolean] false if the timers were not suspended
    # @raise [RuntimeError] when no reactor runs
    def resume_timers; end

    # @!endgroup
  end
end
