# frozen_string_literal: true

module EventMachine
  class << self
    # Has the reactor call something on its next turn, in its thread. May be called from any thread and from a
    # signal handler; before {run} the call waits for the reactor to start.
    #
    # @param callback [#call, nil] what to call; wins over the block
    # @return [nil]
    # @raise [ArgumentError] when there is nothing that can be called
    def next_tick(callback = nil, &block)
      callback ||= block
      raise ArgumentError, "no proc or block given" unless callback.respond_to?(:call)

      @next_tick_queue << callback
      wake_reactor
      nil
    end

    # Calls something in the reactor's thread: at once when that is the calling thread, on the next turn
    # otherwise.
    #
    # @param args as for {EventMachine.Callback}
    # @return [Object, nil] what was returned when called at once; nil otherwise
    # @raise [ArgumentError] when there is nothing that can be called
    def schedule(*args, &block)
      callback = Callback(*args, &block)
      return callback.call if reactor_running? && reactor_thread?

      next_tick(callback)
    end

    # Delivers the results of {defer} and makes the calls that were queued by {next_tick} so far; those queued
    # meanwhile wait for the next turn. The event loop calls this each time it was signalled.
    #
    # @return [Integer] how many calls of {next_tick} were made
    def run_deferred_callbacks
      adopt_inherited_machine if @machine_inherited
      @resultqueue.size.times { deliver_result(*@resultqueue.pop) } if @resultqueue
      ticks = @next_tick_queue.size
      ticks.times { @next_tick_queue.shift&.call }
    ensure
      wake_reactor unless deferred_callbacks_empty?
    end

    private

    def deferred_callbacks_empty?
      @next_tick_queue.empty? && (@resultqueue.nil? || @resultqueue.empty?)
    end

    # An inherited loop may go on in the child, so it is signalled too.
    def wake_reactor
      signal_loopbreak if @reactor_running || @machine_inherited
    end
  end
end
