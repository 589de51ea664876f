# frozen_string_literal: true

module EventMachine
  class << self
    # @!group Servers and connections

    # See {Connection#close_write}, which calls this.
    #
    # @param signature [Integer] the connection's
    # @return [Boolean] false also when no reactor runs
    # @raise [RuntimeError] if it is not a connection
    def close_write(signature); end

    # Passes a descriptor on. {Connection#send_io} calls this.
    #
    # @param signature [Integer] the connection's
    # @param descriptor [Integer] is duplicated
    # @return [Integer] how many bytes were queued: 1, or 0 if the connection is closing
    # @raise [RuntimeError] if it is no connection over a Unix socket, or one with TLS
    # @raise [Errno::EBADF] if no file has this descriptor
    def send_descriptor(signature, descriptor); end

    # See {Connection#set_outbound_limits}, which calls this.
    #
    # @param signature [Integer] the connection's
    # @param high [Integer] bytes
    # @param low [Integer, nil] bytes; nil for a quarter of the other
    # @return [Boolean] false also when no reactor runs
    # @raise [ArgumentError] if `low` is negative or not below `high`
    # @raise [RuntimeError] if it is not a connection
    def set_outbound_limits(signature, high, low); end

    # See {Connection#outbound_full?}, which calls this.
    #
    # @param signature [Integer] the connection's
    # @return [Boolean] true also when no reactor runs
    def outbound_full?(signature); end

    # See {Connection#pause_when_full}, which calls this.
    #
    # @param signature [Integer] the connection's
    # @param source [Integer] the signature of the connection that is not read from meanwhile
    # @return [Boolean] false also when no reactor runs
    # @raise [RuntimeError] if it is not a connection
    def pause_when_full(signature, source); end

    # Stops accepting connections. They wait in the backlog of the system, see listen(2), until {resume_server}.
    #
    # @param signature [Integer] what {start_server} or {attach_server} returned
    # @return [Boolean] whether anything changed
    # @raise [RuntimeError] if there is no such server, or no reactor runs
    def pause_server(signature); end

    # Accepts connections again after {pause_server}, those first that wait.
    #
    # @param signature [Integer] the server's
    # @return [Boolean] whether anything changed
    # @raise [RuntimeError] if there is no such server, or no reactor runs
    def resume_server(signature); end

    # @!endgroup
  end
end
