# frozen_string_literal: true

module EventMachine
  # An operation whose outcome comes later. Whoever wants to know adds callbacks, for success, or errbacks,
  # for failure; they are called in the order they were added, each at most once, as soon as the status is
  # set. Those added afterwards are called at once.
  #
  # @example
  #   class Lookup
  #     include EventMachine::Deferrable
  #   end
  #
  #   lookup = Lookup.new
  #   lookup.callback { |answer| puts answer }
  #   lookup.errback { |reason| warn reason }
  #   lookup.succeed("42")
  module Deferrable
    autoload :Pool, "em/deferrable/pool"

    # Adds a block to be called on success; at once, where that has come. Once the operation has failed, the
    # block is dropped.
    #
    # @yieldparam args what {#succeed} was given
    # @return [Deferrable, nil] itself; nil without a block
    def callback(&block)
      return unless block

      @deferred_status ||= :unknown
      deferred_wait(block, :succeeded, @callbacks ||= [])
    end

    # Has the running fiber wait for the outcome: see {EventMachine.await}.
    #
    # @param timeout [Numeric, nil] seconds
    # @return [Object] what {#succeed} was given; an Array where that is more than one value
    # @raise [Exception] what {#fail} was given; {Failed} where that is no exception
    # @raise [Timeout::Error, NotInFiber] as {EventMachine.await}
    def await(timeout = nil)
      EventMachine.await(self, timeout)
    end

    # Takes a callback back.
    #
    # @param block [Proc] the very one that was added
    # @return [Proc, nil] the block; nil if it was not waiting
    def cancel_callback(block)
      @callbacks&.delete(block)
    end

    # Adds a block to be called on failure; at once, where that has come. Once the operation has succeeded,
    # the block is dropped.
    #
    # @yieldparam args what {#fail} was given
    # @return [Deferrable, nil] itself; nil without a block
    def errback(&block)
      return unless block

      @deferred_status ||= :unknown
      deferred_wait(block, :failed, @errbacks ||= [])
    end

    # Takes an errback back.
    #
    # @param block [Proc] the very one that was added
    # @return [Proc, nil] the block; nil if it was not waiting
    def cancel_errback(block)
      @errbacks&.delete(block)
    end

    # Sets the outcome and calls those who wait for it. A callback may set it again: those after it get the
    # new arguments, or, where the status changed, the other kind is called in their place.
    #
    # @param status [Symbol] `:succeeded` or `:failed`; anything else, such as `:unknown` or nil, leaves the
    #   outcome open again
    # @param args given to the callbacks or errbacks, keywords included
    # @return [Array, nil]
    def set_deferred_status(status, *args)
      deferred_outcome(status, args)
    end
    ruby2_keywords :set_deferred_status

    # Has the operation fail if its outcome is not known in time. A timeout set before is replaced.
    #
    # @param seconds [Numeric]
    # @param args given to the errbacks, keywords included
    # @return [Deferrable] itself
    # @raise [RuntimeError] when the reactor is not running
    def timeout(seconds, *args)
      cancel_timeout
      @deferred_timeout = EventMachine::Timer.new(seconds) { fail(*args) }
      self
    end
    ruby2_keywords :timeout

    # Takes the timeout back, if there is one.
    #
    # @return [nil]
    def cancel_timeout
      return unless @deferred_timeout

      @deferred_timeout.cancel
      @deferred_timeout = nil
    end

    # Short for `set_deferred_status(:succeeded, …)`.
    #
    # @param args given to the callbacks, keywords included
    # @return [Array, nil]
    def succeed(*args)
      set_deferred_status(:succeeded, *args)
    end
    ruby2_keywords :succeed
    alias set_deferred_success succeed

    # Short for `set_deferred_status(:failed, …)`.
    #
    # @param args given to the errbacks, keywords included
    # @return [Array, nil]
    def fail(*args)
      set_deferred_status(:failed, *args)
    end
    ruby2_keywords :fail
    alias set_deferred_failure fail

    private

    # These have names that a class which mixes the module in will not have itself.
    def deferred_outcome(status, args)
      cancel_timeout
      @deferred_status = status
      @deferred_args = args
      return unless @callbacks || @errbacks

      case status
      when :succeeded then deferred_settle(@callbacks, @errbacks)
      when :failed then deferred_settle(@errbacks, @callbacks)
      end
    end

    def deferred_wait(block, outcome, waiting)
      if @deferred_status == outcome
        block.call(*@deferred_args)
      elsif @deferred_status != :succeeded && @deferred_status != :failed
        waiting << block
      end
      self
    end

    # Each call may set the status again, with other arguments, and so empty both lists.
    def deferred_settle(waiting, dropped)
      while (block = waiting&.shift)
        block.call(*@deferred_args)
      end
      dropped&.clear
    end
  end

  # A Deferrable for those who need no class of their own.
  class DefaultDeferrable
    include Deferrable
  end
end
