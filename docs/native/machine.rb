# frozen_string_literal: true

module EventMachine
  class << self
    # @!group The loop

    # Creates a loop. {run} calls this.
    #
    # @return [nil]
    # @raise [RuntimeError] if there is a loop already
    def initialize_event_machine; end

    # Runs the loop until {stop} is called. {run} calls this, and does what is needed before and after.
    #
    # @return [nil]
    # @raise [Exception] what a callback raised
    # @raise [RuntimeError] when no reactor runs
    def run_machine; end

    # The same as {run_machine}.
    #
    # @return [nil]
    # @raise [Exception] what a callback raised
    def run_machine_without_threads; end

    # Runs one turn of the loop. It waits until there is something to do.
    #
    # @param timeout [Numeric, nil] seconds to wait at most; 0 looks without waiting
    # @return [Boolean] without a timeout, false once the loop was stopped; with one, whether anything happened
    # @raise [ArgumentError] if the timeout is negative
    # @raise [RuntimeError] when no reactor runs
    def run_machine_once(timeout = nil); end

    # Unbinds all connections and destroys the loop. {run} calls this.
    #
    # @return [nil]
    # @raise [RuntimeError] when no reactor runs
    def release_machine; end

    # Stops the loop when the current callback has returned; see {run} for what follows. It may be called from
    # any thread and from a signal handler.
    #
    # @return [nil]
    # @raise [RuntimeError] when no reactor runs
    def stop; end

    # @return [Boolean] whether {stop} was called and the loop has not ended yet
    # @raise [RuntimeError] when no reactor runs
    def stopping?; end

    # Makes the loop call {run_deferred_callbacks} on its next turn. {next_tick} and {defer} call this.
    #
    # @return [nil]
    # @raise [RuntimeError] when no reactor runs
    def signal_loopbreak; end

    # The time at which the current turn of the loop began. It costs no system call.
    #
    # @return [Time]
    # @raise [RuntimeError] when no reactor runs
    def current_time; end

    # Takes notice of the time, after a callback that took long: {current_time} is that of now until the next turn.
    # Timers do not need it.
    #
    # @return [Time]
    # @raise [RuntimeError] when no reactor runs
    def update_now; end

    # @return [Integer] how many turns of the loop have begun
    # @raise [RuntimeError] when no reactor runs
    def iteration; end

    # The kind of library, as upstream's. Programs compare it.
    #
    # @return [Symbol] `:extension`
    def library_type; end

    # @!endgroup
  end
end
