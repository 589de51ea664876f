# frozen_string_literal: true

require "em/awaited"

module EventMachine
  # Something of the system that the loop looks out for: a time of day, a signal, the end of a child process, the
  # entries of a directory. {EventMachine.at}, {EventMachine.every}, {EventMachine.on_signal},
  # {EventMachine.watch_child} and others make watches. Each calls its block in the reactor's thread, until it is
  # cancelled or the loop ends. A forked child has none of its parent's watches, unless it goes on with its loop.
  #
  # @example In a fiber
  #   EventMachine.fiber do
  #     hangup = EventMachine.on_signal("HUP")
  #     Settings.load while hangup.await
  #   end
  class Watch
    include Awaited

    # @param callback [#call, nil] what to call
    # @raise [ArgumentError] if it cannot be called
    def initialize(callback)
      raise ArgumentError, "nothing to call: #{callback.inspect}" unless callback.nil? || callback.respond_to?(:call)

      @callback = callback
      @active = true
      EventMachine.__send__(:keep_watch, self)
    end

    # Ends the watch. Its block is not called any more, and fibers that {#await} it are told.
    #
    # @return [Boolean] false if it has ended before
    def cancel
      return false unless @active

      retire
      EventMachine.schedule { release }
      never_arrive
      true
    end

    # @return [Boolean] whether it has not ended
    def active?
      @active
    end

    # @return [String]
    def inspect
      "#<#{self.class} #{@active ? 'active' : 'ended'}>"
    end
    alias to_s inspect

    private

    # Calls the block, and wakes the fibers that wait, whatever it raises.
    def occur(*values)
      tell_arrivals(*values) { @callback&.call(*values) }
    end

    # As {#occur}, for the only time.
    def conclude(*values)
      @outcome = values
      retire
      occur(*values)
    end

    def retire
      @active = false
      EventMachine.__send__(:forget_watch, self)
    end

    def comes?
      @active
    end

    # Gives back what the watch has of the system. It is called in the reactor's thread.
    def release; end

    # Called in a child that was just forked.
    def forked; end

    # Called when a forked child turns out to go on with the loop, which the parent may do as well.
    def adopted; end

    # Called in the child that Process.daemon makes, whose parent has ended.
    def moved
      adopted
    end
  end

  @watches = {}.compare_by_identity

  class << self
    private

    def require_reactor(operation)
      return if @reactor_running

      raise "eventmachine not initialized: #{operation}: call it within EventMachine.run"
    end

    def keep_watch(watch)
      @watches[watch] = true
    end

    def forget_watch(watch)
      @watches.delete(watch)
    end

    def each_watch(&block)
      @watches.keys.each(&block)
    end

    def end_watches
      each_watch(&:cancel)
      @wall_timers = nil
    end

    # The process was just forked. Where the child goes on with the loop, a call on its next turn tells so.
    def leave_watches
      return if @watches.empty?

      each_watch { |watch| watch.__send__(:forked) }
      signal_loopbreak if reactor_thread?
    end

    # A forked child goes on with the loop.
    def adopt_watches
      each_watch { |watch| watch.__send__(:adopted) }
    end

    # The child of Process.daemon does.
    def move_watches
      each_watch { |watch| watch.__send__(:moved) }
    end

    # A forked child does not go on with the loop.
    def abandon_watches
      each_watch { |watch| watch.__send__(:retire) }
      forget_hooks
      @wall_timers = nil
    end
  end
end
