# frozen_string_literal: true

require_relative "callback"

module EventMachine
  # A first-in, first-out queue with asynchronous consumers: the callback of {#pop} is called in the reactor's
  # thread as soon as there is an item. A queue may be used from any thread.
  #
  # @example
  #   queue = EventMachine::Queue.new
  #   queue.pop { |job| work_on(job) }
  #   queue.push(:first, :second)
  class Queue
    # How many callbacks may be nested. Beyond that the next one waits for the next turn, because callbacks that
    # pop again would exhaust the stack.
    MAX_DEPTH = 100
    private_constant :MAX_DEPTH

    def initialize
      @items = []
      @popq = []
      @depth = 0
    end

    # Takes one item. In the reactor's thread the callback is called at once if there is an item, otherwise when
    # one is pushed.
    #
    # @param args a callback, see {EventMachine.Callback}
    # @yieldparam item [Object]
    # @return [nil]
    # @raise [ArgumentError] when there is nothing to call
    def pop(*args, &block)
      callback = EventMachine.Callback(*args, &block)
      EventMachine.schedule do
        @popq.push(callback)
        serve
      end
      nil
    end

    # Takes one item, for which the running fiber waits.
    #
    # @param timeout [Numeric, nil] seconds
    # @return [Object]
    # @raise [Timeout::Error] when none comes in time
    # @raise [NotInFiber] as {EventMachine.await}
    def take(timeout = nil)
      EventMachine.__send__(:waiting_scheduler, "Queue#take")
      taken = DefaultDeferrable.new
      taker = ->(item) { taken.succeed(item) }
      pop(taker)
      EventMachine.await(taken, timeout)
    rescue Exception
      put_back(taker, taken) if taken
      raise
    end

    # Adds items, and passes them to waiting callbacks.
    #
    # @param items [Array<Object>]
    # @return [nil]
    def push(*items)
      EventMachine.schedule do
        @items.concat(items)
        serve
      end
      nil
    end
    alias << push

    # @return [Boolean] whether there is no item
    def empty?
      @items.empty?
    end

    # @return [Integer] the number of items; those pushed by other threads count from the reactor's next turn on
    def size
      @items.size
    end

    # @return [Integer] how many callbacks are waiting for an item
    def num_waiting
      @popq.size
    end

    private

    # Who took an item was ended before it got it, or waits no more.
    def put_back(taker, taken)
      EventMachine.schedule do
        @popq.delete(taker)
        taken.callback do |item|
          @items.unshift(item)
          serve
        end
      end
    end

    def serve
      depth = @depth
      return EventMachine.next_tick { serve_anew } if depth >= MAX_DEPTH

      @depth = depth + 1
      begin
        @popq.shift.call(@items.shift) until @popq.empty? || @items.empty?
      ensure
        @depth = depth
      end
    end

    # A fiber that yielded within a callback may never return and decrease the depth.
    def serve_anew
      @depth = 0
      serve
    end
  end
end
