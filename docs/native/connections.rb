# frozen_string_literal: true

module EventMachine
  class << self
    # @!group Servers and connections

    # See {Connection#send_data}, which calls this.
    #
    # @param signature [Integer] the connection's
    # @param data [String]
    # @param size [Integer] how many bytes of it
    # @return [Integer] how many bytes were queued; 0 if the connection is closing, -1 if it is closed
    # @raise [RuntimeError] when no reactor runs
    def send_data(signature, data, size); end

    # See {Connection#close_connection}, which calls this. Unknown signatures are ignored.
    #
    # @param signature [Integer] the connection's
    # @param after_writing [Boolean] whether to send queued data first
    # @return [nil]
    # @raise [RuntimeError] when no reactor runs
    def close_connection(signature, after_writing); end

    # See {Connection#pause}, which calls this.
    #
    # @param signature [Integer] the connection's
    # @return [Boolean] whether anything changed; false when no reactor runs
    def pause_connection(signature); end

    # See {Connection#resume}, which calls this.
    #
    # @param signature [Integer] the connection's
    # @return [Boolean] whether anything changed; false when no reactor runs
    def resume_connection(signature); end

    # See {Connection#paused?}, which calls this.
    #
    # @param signature [Integer] the connection's
    # @return [Boolean] false when no reactor runs
    def connection_paused?(signature); end

    # See {connection_count}.
    #
    # @return [Integer]
    # @raise [RuntimeError] when no reactor runs
    def get_connection_count; end

    # @return [Integer] how many connections will be closed when their queued data has been sent
    # @raise [RuntimeError] when no reactor runs
    def num_close_scheduled; end

    # See {Connection#get_idle_time}, which calls this.
    #
    # @param signature [Integer] the connection's
    # @return [Float, nil] seconds
    # @raise [RuntimeError] when no reactor runs
    def get_idle_time(signature); end

    # See {Connection#comm_inactivity_timeout}, which calls this.
    #
    # @param signature [Integer] the connection's
    # @return [Float] seconds
    # @raise [RuntimeError] when no reactor runs
    def get_comm_inactivity_timeout(signature); end

    # See {Connection#comm_inactivity_timeout=}, which calls this.
    #
    # @param signature [Integer] the connection's
    # @param seconds [Float]
    # @return [Boolean] whether it was set
    # @raise [RuntimeError] when no reactor runs
    def set_comm_inactivity_timeout(signature, seconds); end

    # See {Connection#pending_connect_timeout}, which calls this.
    #
    # @param signature [Integer] the connection's
    # @return [Float] seconds
    # @raise [RuntimeError] when no reactor runs
    def get_pending_connect_timeout(signature); end

    # See {Connection#pending_connect_timeout=}, which calls this.
    #
    # @param signature [Integer] the connection's
    # @param seconds [Float] zero is ignored
    # @return [Boolean] whether it was set
    # @raise [RuntimeError] when no reactor runs
    def set_pending_connect_timeout(signature, seconds); end

    # @!endgroup
  end

  class Connection
    # @return [Integer] bytes that were given to {#send_data} and not yet passed to the system
    def get_outbound_data_size; end

    # Kept for compatibility. Does nothing.
    #
    # @param target [Object]
    # @return [nil]
    def associate_callback_target(target); end
  end
end
