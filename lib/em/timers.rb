# frozen_string_literal: true

require "em/awaited"

module EventMachine
  # What timers of both kinds tell of the time that they wait.
  module Waiting
    # @return [Float, nil] seconds until the timer is due, 0.0 if it is late; nil when it has fired or was cancelled.
    #   For a {PeriodicTimer} that is its next call, and it is nil in its callback.
    def remaining
      EventMachine.__send__(:time_until, @signature) if @signature
    end

    # @return [Boolean] whether the timer is to fire
    def pending?
      !remaining.nil?
    end
  end
  private_constant :Waiting

  # Calls something once, after an interval.
  #
  # @example
  #   reminder = EventMachine::Timer.new(0.5) { warn "still waiting for an answer" }
  #   request.callback { reminder.cancel }
  class Timer
    include Waiting
    include Awaited

    # The signature of one that was cancelled, which no timer has.
    CANCELLED = 0
    private_constant :CANCELLED

    # @param interval [Numeric] in seconds
    # @param callback [#call, nil] what to call; the block, if nil
    # @raise [RuntimeError] when no reactor runs, or when {EventMachine.get_max_timers} timers are outstanding
    # @raise [FloatDomainError] if the interval is infinite or not a number
    # @raise [TypeError] if it is a Time, which {EventMachine.at} takes
    def initialize(interval, callback = nil, &block)
      @interval = interval
      @callback = callback || block
      @signature = EventMachine.add_timer(interval, @callback)
    end

    # Cancels the timer. It does nothing if the timer has fired.
    #
    # @return [false, nil] as {EventMachine.cancel_timer}
    def cancel
      result = EventMachine.cancel_timer(@signature)
      return result unless result == false

      @signature = CANCELLED
      never_arrive if @arrivals
      result
    end

    # Begins to wait anew, also after the timer has fired or was cancelled. This is cheaper than another timer.
    #
    # @example Close a session that nothing was heard of for a minute
    #   idle = EventMachine::Timer.new(60) { session.close }
    #   session.on_message { idle.restart }
    # @param interval [Numeric] in seconds; the same as before, if it is not given
    # @return [Timer] itself
    # @raise [RuntimeError, FloatDomainError, TypeError] as {#initialize}; the timer then is as it was, unless
    #   there are too many
    def restart(interval = @interval)
      return self unless @callback

      callback = @arrivals ? method(:call_and_tell) : @callback
      @signature = EventMachine.__send__(:renew_timer, @signature, interval, callback)
      @interval = interval
      self
    end

    private

    # One that has nothing to call begins when it is waited for.
    def comes?
      return @signature = EventMachine.add_timer(@interval, method(:call_and_tell)) unless @signature
      return false unless pending?

      EventMachine.instance_variable_get(:@timers)[@signature] = method(:call_and_tell)
    end

    def outcome
      [] unless @signature == CANCELLED
    end

    def call_and_tell
      tell_arrivals { @callback&.call }
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
    include Waiting
    include Awaited

    # What one has that fibers wait for: others do not look for such fibers at each call.
    module Told
      private

      def call
        tell_arrivals { super }
      end
    end
    private_constant :Told

    # @return [Numeric] seconds between calls; a new value applies after the next call
    attr_accessor :interval

    # @param interval [Numeric] in seconds; if it is not positive, the callback is called on every turn of the
    #   reactor
    # @param callback [#call, nil] what to call; the block, if nil
    # @param first [Numeric, nil] seconds until the first call; the interval, if nil. Later calls are due at
    #   multiples of the interval after that.
    # @raise [RuntimeError, FloatDomainError, TypeError] as {Timer#initialize}
    def initialize(interval, callback = nil, first: nil, &block)
      @interval = interval
      @code = callback || block || proc {}
      @signature = wait_again(nil, first || interval)
    end

    # Cancels the timer.
    #
    # @return [true]
    def cancel
      EventMachine.cancel_timer(@signature) if @signature
      @signature = nil
      never_arrive if @arrivals
      true
    end

    # Begins to wait anew, also after the timer was cancelled.
    #
    # @param interval [Numeric] in seconds; the same as before, if it is not given
    # @return [PeriodicTimer] itself
    # @raise [RuntimeError, FloatDomainError, TypeError] as {Timer#initialize}
    def restart(interval = @interval)
      @signature = wait_again(@signature, interval)
      @interval = interval
      self
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
      return unless @signature

      @code.call
      schedule if @signature
    end

    private

    # The reactor calls this. The timer is its own callback, to use little memory: many timers do not fit in the
    # processor's cache.
    def call
      fire
    end

    def comes?
      return false unless @signature

      singleton_class.prepend(Told)
      true
    end
  end
end
