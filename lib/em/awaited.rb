# frozen_string_literal: true

require "em/deferrable"

module EventMachine
  # What a fiber may wait for, by {#await}: the next call of a timer or a watch.
  module Awaited
    # Has the running fiber wait for the next call, which need not have anything to call then.
    #
    # @param timeout [Numeric, nil] seconds
    # @return [Object] what is called with. For timers that is nil; for {FileWatch} and {ProcessWatch} what happened:
    #   `:modified`, `:moved`, `:deleted`, `:created`, `:attributes_changed`, `:exited`. Where that comes only once, and
    #   has come, it is returned at once.
    # @raise [Failed] when it is cancelled, or was
    # @raise [Timeout::Error, NotInFiber] as {EventMachine.await}
    def await(timeout = nil)
      arrival = DefaultDeferrable.new
      expect_arrival(arrival)
      EventMachine.await(arrival, timeout)
    ensure
      @arrivals&.delete(arrival)
    end

    private

    def expect_arrival(arrival)
      if comes?
        (@arrivals ||= []) << arrival
      elsif outcome
        arrival.succeed(*outcome)
      else
        arrival.fail(:cancelled)
      end
    end

    # @return [Array, nil] what was called with, for the only time
    def outcome
      @outcome
    end

    # Calls the block, and wakes the fibers that wait, whatever it raises.
    def tell_arrivals(*values)
      arrivals = take_arrivals
      yield
    ensure
      arrivals.each { |arrival| arrival.succeed(*values) }
    end

    # Tells the fibers that wait that nothing comes any more.
    def never_arrive
      take_arrivals.each { |arrival| arrival.fail(:cancelled) }
    end

    def take_arrivals
      arrivals = @arrivals
      @arrivals = nil
      arrivals || []
    end
  end
  private_constant :Awaited
end
