# frozen_string_literal: true

module EventMachine
  # Calls something when the system's clock shows some time. Where the clock is set forward past that time, it is
  # called at once; where it is set back, it waits until the clock shows the time. A {Timer} does not heed the
  # clock.
  #
  # @example Every day at 3:30, also on days that have 23 or 25 hours
  #   require "date"
  #
  #   nightly = lambda do |now|
  #     today = Time.new(now.year, now.month, now.day, 3, 30)
  #     tomorrow = now.to_date + 1
  #     today > now ? today : Time.new(tomorrow.year, tomorrow.month, tomorrow.day, 3, 30)
  #   end
  #   EventMachine::WallTimer.new(nightly) { Backup.start }
  class WallTimer < Watch
    # @return [Time, nil] when it is due, or was for the last time; nil if never
    attr_reader :due

    # @param schedule [Time, #call] when to call; or what tells that: given the present Time it returns the next,
    #   which must be later, or nil to end. It is asked at once, after each call, and when the clock is set back.
    # @param callback [#call, nil] what to call with the Time that it was due; the block, if nil
    # @raise [TypeError] if the schedule is, or returns, anything else
    # @raise [ArgumentError] if the schedule returns a Time that is not later
    # @raise [RuntimeError] when no reactor runs
    def initialize(schedule, callback = nil, &block)
      EventMachine.__send__(:require_reactor, "WallTimer")
      @schedule = schedule unless schedule.is_a?(Time)
      @due = @schedule ? following(Time.now) : schedule
      super(callback || block)
      return retire unless @due

      EventMachine.schedule { wall_timers.add(self) if active? }
    end

    private

    def wall_timers
      EventMachine.__send__(:wall_timers)
    end

    # @return [Time, nil]
    def following(now)
      raise TypeError, "neither a Time nor a schedule: #{@schedule.inspect}" unless @schedule.respond_to?(:call)

      time = @schedule.call(now)
      return time if time.nil? || (time.is_a?(Time) && time > now)
      raise TypeError, "the schedule returned #{time.inspect}, which is no Time" unless time.is_a?(Time)

      raise ArgumentError, "the schedule returned #{time.inspect}, which is not after #{now.inspect}"
    end

    # {WallTimers} calls this when the time has come. What the block raises does not end the timer.
    def fire
      return unless active?
      return conclude(@due) unless @schedule

      begin
        occur(@due)
      ensure
        wall_timers.add(self) if active? && go_on(Time.now)
      end
    end

    # Finds when to be called next.
    #
    # @return [Boolean] false when that is never
    def go_on(now)
      time = following(now)
      @due = time if time
    ensure
      retire unless time
    end

    # The clock was set back, or it may have been.
    def clock_set(now)
      go_on(now) if @schedule && @due > now
    end

    def release
      wall_timers.remove(self)
    end

    def adopted
      wall_timers.renew
    end
  end

  class << self
    # Calls something when the system's clock shows a time. See {WallTimer}.
    #
    # @example
    #   EventMachine.at(Time.new(2030, 1, 1)) { puts "Happy new year" }
    # @param time [Time] if it has passed, the next turn of the loop
    # @param callback [#call, nil] what to call with the time; the block, if nil
    # @return [WallTimer]
    # @raise [TypeError] if it is no Time
    # @raise [RuntimeError] when no reactor runs
    def at(time, callback = nil, &block)
      raise TypeError, "no Time: #{time.inspect}" unless time.is_a?(Time)

      WallTimer.new(time, callback, &block)
    end

    # Calls something whenever the system's clock shows a multiple of an interval. {add_periodic_timer} counts
    # from when it is called, and does not heed the clock. Calls that were missed are skipped.
    #
    # @example On the minute, and at a quarter past each hour
    #   EventMachine.every(60) { |time| puts time.strftime("%H:%M") }
    #   EventMachine.every(3600, offset: 900) { Statistics.send_off }
    # @param seconds [Numeric] the interval; multiples count from 1970-01-01 00:00 UTC
    # @param callback [#call, nil] what to call with the Time that it was due; the block, if nil
    # @param offset [Numeric] seconds after each multiple
    # @return [WallTimer]
    # @raise [TypeError] unless interval and offset are real numbers
    # @raise [ArgumentError] unless both are finite, and the interval is positive
    # @raise [RuntimeError] when no reactor runs
    def every(seconds, callback = nil, offset: 0, &block)
      interval = exact(seconds, "interval")
      raise ArgumentError, "the interval must be positive: #{seconds.inspect}" unless interval.positive?

      shift = exact(offset, "offset")
      schedule = ->(now) { Time.at((((now.to_r - shift) / interval).floor + 1) * interval + shift) }
      WallTimer.new(schedule, callback, &block)
    end

    private

    # Of 0.1 this is a tenth, not the nearest number that a Float can hold.
    def exact(seconds, name)
      raise TypeError, "no #{name}: #{seconds.inspect}" unless seconds.is_a?(Numeric) && seconds.real?
      raise ArgumentError, "the #{name} must be finite: #{seconds.inspect}" unless seconds.finite?

      seconds.is_a?(Float) ? seconds.rationalize : seconds.to_r
    end

    def wall_timers
      @wall_timers ||= WallTimers.new
    end
  end
end
