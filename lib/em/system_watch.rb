# frozen_string_literal: true

require "em/awaited"

module EventMachine
  # What {FileWatch} and {ProcessWatch} have of a {Watch}.
  module SystemWatch
    include Awaited

    # Ends the watch. `unbind` is called.
    #
    # @return [Boolean] false if it has ended before
    def cancel
      return false unless active?

      @stopped = true
      EventMachine.schedule { there? ? stop_watching : @cancelled_early = true }
      true
    end

    # @return [Boolean] whether it has not ended
    def active?
      !@stopped && !@outcome && (there? || !@made)
    end

    # Tells the fibers that wait that the watch has ended.
    module Ended
      # @return [void]
      def unbind
        never_arrive
        super
      end
    end
    private_constant :Ended

    # The same for those whose `unbind` takes the reason.
    module EndedFor
      # @return [void]
      def unbind(*)
        never_arrive
        super
      end
    end
    private_constant :EndedFor

    private

    def there?
      EventMachine.instance_variable_get(:@conns)[@signature].equal?(self)
    end

    # Called by the module's functions. In `post_init` nobody could be told of the end yet.
    def made
      @made = true
      stop_watching if @cancelled_early
    end

    def stopped
      @stopped = true
      never_arrive
    end

    # An application's class need not call `super`, so what tells the fibers goes before it.
    def comes?
      return false unless active?

      singleton_class.prepend(told, method(:unbind).arity.zero? ? Ended : EndedFor)
      true
    end
  end
  private_constant :SystemWatch
end
