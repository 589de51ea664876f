# frozen_string_literal: true

require_relative "callback"
require_relative "deferrable"

module EventMachine
  # A {Deferrable} with any number of states, which may be settled by any thread: the callbacks are called in
  # the reactor's thread. Those of the states `:succeeded` and `:failed`, and of whatever else
  # {#completion_states} names, are forgotten once one of these states is reached, since only one of them is
  # the outcome. Other states come and go.
  #
  # @example
  #   completion = EventMachine::Completion.new
  #   completion.stateback(:connected) { |peer| puts "connected to #{peer}" }
  #   completion.callback { |result| puts result }
  #   completion.change_state(:connected, "example.net")
  #   completion.succeed("done")
  class Completion
    include Deferrable

    # @return [Object] the state, `:unknown` at first
    attr_reader :state

    # @return [Array] the arguments that came with the state
    attr_reader :value

    def initialize
      @state = :unknown
      @callbacks = Hash.new { |callbacks, state| callbacks[state] = [] }
      @value = []
      @timeout_timer = nil
    end

    # Sets the state to `:succeeded`.
    #
    # @param args given to the callbacks, keywords included
    # @return [nil]
    def succeed(*args)
      change_state(:succeeded, *args)
    end
    ruby2_keywords :succeed
    alias set_deferred_success succeed

    # Sets the state to `:failed`.
    #
    # @param args given to the callbacks, keywords included
    # @return [nil]
    def fail(*args)
      change_state(:failed, *args)
    end
    ruby2_keywords :fail
    alias set_deferred_failure fail

    # Adds a callback for a state; called at once where that is the state now. Where the completion has
    # reached another outcome, it is dropped.
    #
    # @param state [Object] commonly a Symbol; `:completed` stands for any of {#completion_states}
    # @param args a callback, see {EventMachine.Callback}
    # @yieldparam args what {#change_state} was given
    # @return [Completion] itself
    # @raise [ArgumentError] when there is nothing to call
    def stateback(state, *args, &block)
      callback = EventMachine.Callback(*args, &block)
      return self if completed? && !reached?(state)

      # Added first, looked at afterwards: another thread may have changed the state meanwhile.
      @callbacks[state].push(callback)
      EventMachine.schedule { execute_state_callbacks(state) if reached?(state) } if reached?(state)
      self
    end

    # Adds a callback for success.
    #
    # @param args a callback, see {EventMachine.Callback}
    # @yieldparam args what {#succeed} was given
    # @return [Completion] itself
    # @raise [ArgumentError] when there is nothing to call
    def callback(*args, &block)
      stateback(:succeeded, *args, &block)
    end

    # Adds a callback for failure.
    #
    # @param args a callback, see {EventMachine.Callback}
    # @yieldparam args what {#fail} was given
    # @return [Completion] itself
    # @raise [ArgumentError] when there is nothing to call
    def errback(*args, &block)
      stateback(:failed, *args, &block)
    end

    # Adds a callback for the outcome, whichever it is; called after those of its state.
    #
    # @param args a callback, see {EventMachine.Callback}
    # @yieldparam args what {#succeed}, {#fail} or {#change_state} was given
    # @return [Completion] itself
    # @raise [ArgumentError] when there is nothing to call
    def completion(*args, &block)
      stateback(:completed, *args, &block)
    end

    # Sets the state and calls those who wait for it: at once in the reactor's thread, on its next turn
    # elsewhere.
    #
    # @param state [Object] `:unknown` makes the outcome open again
    # @param args given to the callbacks, keywords included
    # @return [nil]
    def change_state(state, *args)
      @value = args
      @state = state
      EventMachine.schedule { execute_callbacks(state, args) }
      nil
    end
    ruby2_keywords :change_state
    alias set_deferred_status change_state

    # @return [Array<Object>] the states that are outcomes; a subclass may name others
    def completion_states
      %i[succeeded failed]
    end

    # @return [Boolean] whether the state is an outcome
    def completed?
      completion_states.include?(@state)
    end

    # Takes a callback for success back.
    #
    # @param args the callback, see {EventMachine.Callback}
    # @return [#call, nil] the callback; nil if it was not waiting
    # @raise [ArgumentError] when there is nothing to call
    def cancel_callback(*args, &block)
      @callbacks[:succeeded].delete(EventMachine.Callback(*args, &block))
    end

    # Takes a callback for failure back.
    #
    # @param args the callback, see {EventMachine.Callback}
    # @return [#call, nil] the callback; nil if it was not waiting
    # @raise [ArgumentError] when there is nothing to call
    def cancel_errback(*args, &block)
      @callbacks[:failed].delete(EventMachine.Callback(*args, &block))
    end

    # Has it fail if no outcome is reached in time. A timeout set before is replaced.
    #
    # @param time [Numeric] in seconds
    # @param args given to the callbacks, keywords included
    # @return [Timer]
    # @raise [RuntimeError] when the reactor is not running
    def timeout(time, *args)
      cancel_timeout
      @timeout_timer = EventMachine::Timer.new(time) { fail(*args) }
    end
    ruby2_keywords :timeout

    # Takes the timeout back, if there is one.
    #
    # @return [nil]
    def cancel_timeout
      @timeout_timer&.cancel
      @timeout_timer = nil
    end

    private

    # Whether callbacks of a state are due now.
    def reached?(state)
      state == @state || (state == :completed && completed?)
    end

    # The state may have been set again by the time that the reactor gets here: the first outcome is the one
    # whose callbacks are called.
    def execute_callbacks(state = @state, value = @value)
      execute_state_callbacks(state, value)
      return unless completion_states.include?(state)

      execute_state_callbacks(:completed, value)
      clear_dead_callbacks(state)
      cancel_timeout
    end

    # Each call may set the state again, and then those that follow get the arguments that came with it.
    def execute_state_callbacks(state, value = @value)
      latest = @value
      while (callback = @callbacks[state].shift)
        callback.call(*(latest.equal?(@value) ? value : @value))
      end
    end

    def clear_dead_callbacks(outcome = @state)
      completion_states.each { |state| @callbacks[state].clear unless state == outcome }
    end
  end
end
