# frozen_string_literal: true

module EventMachine
  class << self
    # Calls something at regular intervals.
    #
    # @overload add_periodic_timer(seconds, callback = nil, first: nil, &block)
    #   @param seconds [Numeric] the interval
    #   @param callback [#call, nil] what to call; wins over the block
    #   @param first [Numeric, nil] seconds until the first call; the interval, if nil
    # @return [PeriodicTimer] the timer; its `cancel` and {cancel_timer} end it
    # @raise [FloatDomainError, RuntimeError, TypeError] as {add_timer}
    def add_periodic_timer(*args, first: nil, &block)
      interval, callback = args
      PeriodicTimer.new(interval, callback || block, first: first)
    end

    # @return [Integer] how many timers may be outstanding; 100,000 where there is no limit
    def get_max_timers
      get_max_timer_count
    end

    # Sets how many timers may be outstanding, at any time. Until it is called there is no limit. Timers that
    # are outstanding stay.
    #
    # @param count [Integer] 100 stands for anything less
    # @return [nil]
    def set_max_timers(count)
      set_max_timer_count(count)
    end

    # Accepted for compatibility: timers fire on time whatever the quantum.
    #
    # @param mills [#to_i] milliseconds
    # @return [nil]
    # @raise [ArgumentError] unless it is positive
    # @raise [RuntimeError] when no reactor runs
    def set_quantum(mills)
      set_timer_quantum(mills.to_i)
    end
  end
end
