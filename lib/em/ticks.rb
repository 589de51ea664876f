# frozen_string_literal: true

module EventMachine
  class << self
    # Makes the reactor call something on its next turn, in its thread. It may be called from any thread and from
    # signal handlers. Before {run}, the call waits until the reactor starts.
    #
    # @param callback [#call, nil] what to call; wins over the block
    # @return [nil]
    # @raise [ArgumentError] if there is nothing to call
    def next_tick(callback = nil, &block)
      callback ||= block
      raise ArgumentError, "no proc or block given" unless callback.respond_to?(:call)

      @next_tick_queue << callback
      wake_reactor
      nil
    end

    # Calls something in the reactor's thread: at once if that is the calling thread, otherwise on the next turn.
    #
    # @param args as for {EventMachine.Callback}
    # @return [Object, nil] the result if it was called at once; nil otherwise
    # @raise [ArgumentError] if there is nothing to call
    def schedule(*args, &block)
      callback = Callback(*args, &block)
      return callback.call if reactor_running? && reactor_thread?

      next_tick(callback)
    end

    # Delivers the results of {defer} and makes the calls queued by {next_tick}. Calls that are queued meanwhile
    # wait for the next turn. The event loop calls this after {signal_loopbreak}.
    #
    # @return [Integer] how many calls of {next_tick} were made
    def run_deferred_callbacks
      adopt_inherited_machine if @machine_inherited
      @resultqueue.size.times { @resultqueue.deliver } if @resultqueue
      ticks = @next_tick_queue.size
      ticks.times { @next_tick_queue.shift&.call }
    ensure
      wake_reactor unless deferred_callbacks_empty?
    end

    private

    def deferred_callbacks_empty?
      @next_tick_queue.empty? && (@resultqueue.nil? || @resultqueue.empty?)
    end

    # A forked child may continue with an inherited loop, so that is signalled too. A loop that is about to end
    # may be gone before @reactor_running says so, and nothing has to be woken up then.
    def wake_reactor
      signal_loopbreak if @reactor_running || @machine_inherited
    rescue RuntimeError
      nil
    end
  end
end
