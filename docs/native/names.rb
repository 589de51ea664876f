# frozen_string_literal: true

module EventMachine
  class << self
    # @!group Servers and connections

    # See {resolve}, which calls this.
    #
    # @param host [String]
    # @param family [Integer] 4 for IPv4, 6 for IPv6, 0 for both
    # @param timeout [Float, nil] seconds
    # @return [Integer, String, nil] the number of the request; or the address, where the host is one, or nil where
    #   that is of the other family
    # @raise [RuntimeError] when no reactor runs
    def resolve_host(host, family, timeout); end

    # The addresses of a host, for which the loop waits. {start_servers} calls this.
    #
    # @param host [String]
    # @return [Array<String>] in the system's order of preference
    # @raise [ConnectionError] if there is none
    def host_addresses(host); end

    # Listens on a TCP port with options that are set before it is bound. {start_server} calls this in the block of
    # {with_server_options}.
    #
    # @param address [String]
    # @param port [Integer, String]
    # @param options [Array<Array(Integer, Integer, String)>] levels, options and packed values, as for setsockopt(2)
    # @param backlog [Integer] how many connections may wait to be accepted
    # @return [Integer] signature
    # @raise [SystemCallError] if the system refuses
    # @raise [ArgumentError] if the address is none
    def listen_with(address, port, options, backlog); end

    # Opens a TCP connection to a host whose name is resolved meanwhile. {connect} calls this where
    # {name_resolution} is `:threads`, and adds the object to `@conns`.
    #
    # @param host [String]
    # @param port [Integer, String]
    # @param bind_host [String, nil] the local address
    # @param bind_port [Integer, nil]
    # @return [Integer] signature
    # @raise [ConnectionError] if the port is invalid, or the local address is
    def connect_host(host, port, bind_host, bind_port); end

    # Opens a TCP connection to a host whose addresses are known. {connect} calls this in fibers.
    #
    # @param host [String] the name, for {Connection#start_tls}
    # @param addresses [Array<String>]
    # @param port [Integer, String]
    # @param bind_host [String, nil] the local address
    # @param bind_port [Integer, nil]
    # @return [Integer] signature
    # @raise [ConnectionError] if no socket can be made, or the local address is not available
    # @raise [ArgumentError] if an address is none
    def connect_addresses(host, addresses, port, bind_host, bind_port); end

    # How long {connect} waits for an address to answer before it tries the host's next one beside it; 0.25 at
    # first. RFC 8305 calls it the "Connection Attempt Delay".
    #
    # @return [Float] seconds
    def connection_attempt_delay; end

    # See {connection_attempt_delay}. It may be set at any time, for attempts that begin then.
    #
    # @param seconds [Numeric]
    # @raise [ArgumentError] if it is negative
    def connection_attempt_delay=(seconds); end

    # See {Connection#connection_attempt_timeout}, which calls this.
    #
    # @param signature [Integer]
    # @return [Float] seconds
    # @raise [RuntimeError] when no reactor runs
    def get_connection_attempt_timeout(signature); end

    # See {Connection#connection_attempt_timeout=}, which calls this.
    #
    # @param signature [Integer]
    # @param seconds [Float]
    # @return [Boolean] whether there is such a connection
    # @raise [RuntimeError] when no reactor runs
    # @raise [ArgumentError] if the time is negative
    def set_connection_attempt_timeout(signature, seconds); end

    # How long {connect} has the IPv4 addresses of a host wait for its IPv6 ones, which are asked for at the same
    # time; 0.05 at first. RFC 8305 calls it the "Resolution Delay". It counts where {name_resolution} is
    # `:threads`.
    #
    # @return [Float] seconds
    def resolution_delay; end

    # See {resolution_delay}.
    #
    # @param seconds [Numeric]
    # @raise [ArgumentError] if it is negative
    def resolution_delay=(seconds); end
  end
end
