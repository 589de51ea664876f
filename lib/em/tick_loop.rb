# frozen_string_literal: true

require_relative "callback"

module EventMachine
  # Creates a {TickLoop} and starts it.
  #
  # @param args a callback, see {EventMachine.Callback}
  # @yield once per turn of the reactor, until it returns `:stop`
  # @return [TickLoop]
  # @raise [ArgumentError] when there is nothing to call
  def self.tick_loop(*args, &block)
    TickLoop.new(*args, &block).start
  end

  # Calls a piece of work once per turn of the reactor, until the work returns `:stop` or {#stop} is called.
  # The reactor does not sleep while the loop runs.
  #
  # @example Sum up a long list without blocking the reactor
  #   numbers = (1..100_000).each_slice(1_000)
  #   total = 0
  #   summing = EventMachine.tick_loop do
  #     total += numbers.next.sum
  #   rescue StopIteration
  #     :stop
  #   end
  #   summing.on_stop { puts total }
  class TickLoop
    # @param work a callback, see {EventMachine.Callback}
    # @yieldreturn [Symbol, Object] `:stop` ends the loop
    # @raise [ArgumentError] when there is nothing to call
    def initialize(*work, &block)
      @work = EventMachine.Callback(*work, &block)
      @stop_callbacks = []
      @turn = nil
    end

    # Adds a callback for the next time that the loop stops. It is called at once if the loop is not running.
    #
    # @param args a callback, see {EventMachine.Callback}
    # @return [Object] what the callback returned, if it was called at once
    # @raise [ArgumentError] when there is nothing to call
    def on_stop(*args, &block)
      callback = EventMachine.Callback(*args, &block)
      stopped? ? callback.call : @stop_callbacks.push(callback)
    end

    # Stops the loop and calls the callbacks of {#on_stop}, in the order in which they were added.
    #
    # @return [nil]
    def stop
      @turn = nil
      while (callback = @stop_callbacks.shift)
        callback.call
      end
    end

    # @return [Boolean] whether the loop is not running
    def stopped?
      @turn.nil?
    end

    # Starts the loop. The work is called for the first time on the next turn.
    #
    # @return [TickLoop] self
    # @raise [ArgumentError] if the loop is running
    def start
      raise ArgumentError, "double start" unless stopped?

      @turn = new_turn
      schedule
      self
    end

    private

    # Stopping does not remove a turn from the reactor's queue. So each start makes a turn of its own, and
    # one that belongs to an earlier start does nothing.
    def new_turn
      turn = lambda do
        next unless turn.equal?(@turn)

        outcome = @work.call
        if outcome == :stop
          stop
        elsif turn.equal?(@turn)
          schedule
        end
      end
    end

    def schedule
      EventMachine.next_tick(@turn)
    end
  end
end
