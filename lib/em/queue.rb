# frozen_string_literal: true

require_relative "callback"

module EventMachine
  # A first-in, first-out queue whose consumers wait by callback: whoever pops is called in the reactor's
  # thread as soon as there is an item. May be used from any thread.
  #
  # @example
  #   queue = EventMachine::Queue.new
  #   queue.pop { |job| work_on(job) }
  #   queue.push(:first, :second)
  class Queue
    # How many callbacks may be called within each other. Beyond that the next one waits for a turn, since a
    # callback that pops again would use up the stack.
    MAX_DEPTH = 100
    private_constant :MAX_DEPTH

    def initialize
      @items = []
      @popq = []
      @depth = 0
    end

    # Takes one item. The callback is called at once in the reactor's thread if there is one, otherwise when
    # it comes.
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

    # Adds items, and hands them to those who wait.
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

    # @return [Boolean] whether no item is waiting
    def empty?
      @items.empty?
    end

    # @return [Integer] how many items are waiting; those pushed by other threads count once the reactor has
    #   seen them
    def size
      @items.size
    end

    # @return [Integer] how many callbacks wait for an item
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

    # A fiber that was left in the middle of a callback may never come back to count itself out.
    def serve_anew
      @depth = 0
      serve
    end
  end
end
