# frozen_string_literal: true

module EventMachine
  # The {WallTimer}s of a loop, ordered by time. One clock serves them all, which there is while there are any.
  # Only the reactor's thread uses this.
  class WallTimers
    def initialize
      @timers = []
      @clock = nil
    end

    # @param timer [WallTimer]
    # @return [void]
    def add(timer)
      insert(timer)
      arm if @timers.first.equal?(timer)
    end

    # @param timer [WallTimer]
    # @return [void]
    def remove(timer)
      place = @timers.bsearch_index { |other| other.due >= timer.due } or return
      place += 1 until @timers[place].nil? || @timers[place].equal?(timer)
      arm if @timers.delete_at(place) && place.zero?
    end

    # Calls what is due. What one raises goes out, and the others are called in the next turn, as is what is added
    # meanwhile.
    #
    # @return [void]
    def fire
      due = @timers.shift(later_than(Time.now))
      due.shift.__send__(:fire) until due.empty?
    ensure
      due&.each { |timer| insert(timer) }
      arm
    end

    # Finds all times anew, as the clock was set, and calls what is due by that.
    #
    # @return [void]
    def clock_set
      now = Time.now
      failures = @timers.filter_map { |timer| EventMachine.__send__(:failure_of) { timer.__send__(:clock_set, now) } }
      @timers = @timers.select(&:active?).sort_by(&:due)
      fire
      raise failures.first if failures.any?
    end

    # Uses a clock of its own, not that of the process that was forked.
    #
    # @return [void]
    def renew
      return unless @clock

      close
      arm
    end

    private

    def insert(timer)
      @timers.insert(later_than(timer.due), timer)
    end

    # @return [Integer] place of the first that is due later
    def later_than(time)
      @timers.bsearch_index { |timer| timer.due > time } || @timers.size
    end

    def arm
      return close if @timers.empty?

      @clock ||= WallClock.open(self)
      @clock.set(@timers.first.due)
    end

    def close
      @clock&.close
      @clock = nil
    end
  end
  private_constant :WallTimers

  # The system's clock, by a descriptor that also tells when it is set: timerfd_create(2).
  class WallClock
    # The system takes no time that is much later.
    LAST = Time.at(1 << 40)
    private_constant :LAST

    # @return [WallClock, CheckedClock]
    def self.open(timers)
      new(timers)
    rescue Unsupported
      CheckedClock.new(timers)
    end

    def initialize(timers)
      @timers = timers
      @io = IO.for_fd(EventMachine.__send__(:open_wall_clock))
      @descriptor = WatchedDescriptor.new(@io, :readable) { tell if own? }
      @pid = Process.pid
    end

    # @return [void]
    def set(time)
      EventMachine.__send__(:set_wall_clock, @io.fileno, [time, LAST].min) if own?
    end

    # @return [void]
    def close
      @descriptor.release
      @io.close
    end

    private

    # In a forked child it is the parent's, until the child has one of its own.
    def own?
      @pid == Process.pid
    end

    def tell
      was_set? ? @timers.clock_set : @timers.fire
    end

    def was_set?
      @io.read_nonblock(8, exception: false)
      false
    rescue Errno::ECANCELED
      true
    end
  end
  private_constant :WallClock

  # The same where the system does not tell: looks each second.
  class CheckedClock
    # What the two clocks of a system drift apart in a second is less, in seconds.
    TOLERANCE = 0.1

    def initialize(timers)
      @timers = timers
      @timer = EventMachine.__send__(:part_of_watch, Timer.new(0) { check })
      @difference = difference
    end

    # @return [void]
    def set(time)
      @due = time
      @timer.restart((time - Time.now).clamp(0, 1))
    end

    # @return [void]
    def close
      @timer.cancel
    end

    private

    def difference
      Time.now.to_f - Process.clock_gettime(Process::CLOCK_MONOTONIC)
    end

    def check
      before = @difference
      @difference = difference
      return @timers.clock_set if (@difference - before).abs > TOLERANCE

      Time.now < @due ? set(@due) : @timers.fire
    end
  end
  private_constant :CheckedClock
end
