# frozen_string_literal: true

module EventMachine
  # Ends the loop of `EventMachine.run(until_idle: true)` once there is nothing left to wait for. The loop calls it
  # in each turn, before it waits.
  class UntilIdle
    # The point of the turn, as the native library knows it.
    POINT = 8

    # So many are kept before it is looked which of them have ended.
    ALLOWED = 64
    private_constant :ALLOWED

    def initialize
      @unreferenced = {}.compare_by_identity
      @allowed = ALLOWED
    end

    # @param object [Object] as {EventMachine.unref}
    # @return [void]
    def unref(object)
      forget_ended if @unreferenced.size >= @allowed
      @unreferenced[object] = true
    end

    # @param object [Object] as {EventMachine.ref}
    # @return [void]
    def ref(object)
      @unreferenced.delete(object)
    end

    private

    def run
      EventMachine.stop if idle? && !EventMachine.stopping?
    end

    def idle?
      ask(:deferred_callbacks_empty?) && EventMachine.defers_finished? && watches_idle? && fibers_idle?
    end

    # The first comparison is all that a turn costs while there is more than what may be left.
    def watches_idle?
      count = ask(:count_watched)
      return false if count > @unreferenced.size

      forget_ended
      count == @unreferenced.count { |object, _| !object.is_a?(Task) }
    end

    # A task waits for one thing at a time.
    def fibers_idle?
      scheduler = state(:@fiber_scheduler) or return true
      waits, _, queued = scheduler.__send__(:counts)
      return false if queued.positive? || waits > @unreferenced.size

      scheduler.__send__(:waits).all? { |_, top, _, _| @unreferenced.key?(Task.of(top)) }
    end

    def forget_ended
      @unreferenced.select! { |object, _| there?(object) }
      @allowed = [@unreferenced.size * 2, ALLOWED].max
    end

    def there?(object)
      case object
      when Integer then state(:@timers).key?(object) || state(:@acceptors).key?(object)
      when Connection then state(:@conns)[object.signature].equal?(object)
      when Watch then object.active?
      when Task then %i[running waiting].include?(object.status)
      else object.pending?
      end
    end

    def ask(question)
      EventMachine.__send__(question)
    end

    def state(name)
      EventMachine.instance_variable_get(name)
    end
  end
  private_constant :UntilIdle

  @until_idle = nil

  class << self
    # Has something not keep a loop alive that runs until it is idle: see {run}. In any other loop it has no effect.
    # It is over when the object has ended, as a timer has that has fired.
    #
    # @example A program that ends with its last connection, though it has a heartbeat
    #   EventMachine.run(until_idle: true) do
    #     EventMachine.unref(EventMachine.add_periodic_timer(10) { Statistics.send_off })
    #     EventMachine.connect("127.0.0.1", 7000, Client)
    #   end
    # @param object [Connection, Timer, PeriodicTimer, Watch, Task, Integer] an Integer is the signature of a
    #   connection, a server or a timer
    # @return [Object] the object
    # @raise [TypeError] if it is nothing that a loop waits for
    # @raise [RuntimeError] when no reactor runs
    def unref(object)
      key = waited_for(object, "unref")
      schedule { @until_idle&.unref(key) }
      object
    end

    # Has something keep the loop alive again. See {unref}.
    #
    # @param object [Connection, Timer, PeriodicTimer, Watch, Task, Integer] as {unref}
    # @return [Object] the object
    # @raise [TypeError, RuntimeError] as {unref}
    def ref(object)
      key = waited_for(object, "ref")
      schedule { @until_idle&.ref(key) }
      object
    end

    private

    def begin_until_idle
      @until_idle = UntilIdle.new
      add_hook(@until_idle, UntilIdle::POINT)
    end

    def end_until_idle
      @until_idle = nil
      forget_hooks
    end

    def waited_for(object, operation)
      require_reactor(operation)
      case object
      when Integer then @conns.fetch(object, object)
      when Connection, Timer, PeriodicTimer, Watch, Task then object
      else raise TypeError, "nothing that a loop waits for: #{object.inspect}"
      end
    end

    # What a watch is made of does not count, since the watch itself does.
    def part_of_watch(object)
      @until_idle&.unref(object)
      object
    end

    def count_watched
      watched_count + @watches.size + @resolutions.size
    end
  end
end
