# frozen_string_literal: true

require_relative "callback"

module EventMachine
  # Makes and starts a {TickLoop}.
  #
  # @param args a callback, see {EventMachine.Callback}
  # @yield once each turn of the reactor, until it returns `:stop`
  # @return [TickLoop]
  # @raise [ArgumentError] when there is nothing to call
  def self.tick_loop(*args, &block)
    TickLoop.new(*args, &block).start
  end

  # Calls a piece of work once each turn of the reactor, until the work returns `:stop` or {#stop} is called.
  # As long as it runs, the reactor does not sleep.
  #
  # @example
  #   work = (1..10).to_a
  #   tick_loop = EventMachine.tick_loop { work.empty? ? :stop : puts(work.shift) }
  #   tick_loop.on_stop { EventMachine.stop }
  class TickLoop
    # @param work a callback, see {EventMachine.Callback}
    # @yieldreturn [Symbol, Object] `:stop` ends the loop
    # @raise [ArgumentError] when there is nothing to call
    def initialize(*work, &block)
      @work = EventMachine.Callback(*work, &block)
      @stops = []
      @stopped = true
    end

    # Adds something to be called when the loop stops, once only; where it is not running, that is at once.
    #
    # @param args a callback, see {EventMachine.Callback}
    # @return [Object] what the callback returned, where it was called at once
    # @raise [ArgumentError] when there is nothing to call
    def on_stop(*args, &block)
      callback = EventMachine.Callback(*args, &block)
      return callback.call if @stopped

      @stops << callback
    end

    # Stops the loop, and calls what {#on_stop} was given, in that order.
    #
    # @return [nil]
    def stop
      @stopped = true
      @stops.shift.call until @stops.empty?
    end

    # @return [Boolean] whether the loop is not running
    def stopped?
      @stopped
    end

    # Starts the loop; the work is called on the next turn for the first time.
    #
    # @return [TickLoop] itself
    # @raise [ArgumentError] when it is running
    def start
      raise ArgumentError, "double start" unless @stopped

      @stopped = false
      # The turn that a loop stopped meanwhile has left in the reactor's queue is not this one's.
      turn = -> { work_once if turn.equal?(@turn) && !@stopped }
      @turn = turn
      schedule
      self
    end

    private

    def schedule
      EventMachine.next_tick(@turn)
    end

    def work_once
      stop if @work.call == :stop
      schedule unless @stopped
    end
  end
end
