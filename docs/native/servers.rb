# frozen_string_literal: true

module EventMachine
  class << self
    # @!group Servers and connections

    # Listens on a TCP port. {start_server} calls this, and adds the handler to `@acceptors`.
    #
    # @param host [String] address or name
    # @param port [Integer, String] 0 for any free port
    # @return [Integer] signature
    # @raise [RuntimeError] if it cannot listen: "no acceptor" and the reason
    def start_tcp_server(host, port); end

    # Listens on a Unix domain socket. {start_server} calls this.
    #
    # @param path [String]
    # @return [Integer] signature
    # @raise [RuntimeError] if it cannot listen: "no unix-domain acceptor" and the reason
    def start_unix_server(path); end

    # Accepts connections from a socket that is listening already. {attach_server} calls this.
    #
    # @param descriptor [Integer]
    # @return [Integer] signature
    # @raise [SystemCallError] if it cannot be polled
    def attach_sd(descriptor); end

    # Stops a server. {stop_server} calls this.
    #
    # @param signature [Integer] the server's
    # @return [nil]
    # @raise [RuntimeError] if there is no such server
    def stop_tcp_server(signature); end

    # Opens a TCP connection. {connect} calls this, and adds the object to `@conns`.
    #
    # @param host [String] address or name
    # @param port [Integer, String]
    # @return [Integer] signature
    # @raise [ConnectionError] if the address is invalid or cannot be resolved
    def connect_server(host, port); end

    # Like {connect_server}, from the given local address.
    #
    # @param bind_host [String] if it is empty, the system chooses
    # @param bind_port [Integer]
    # @param host [String]
    # @param port [Integer, String]
    # @return [Integer] signature
    # @raise [ConnectionError] also if the local address is not available
    def bind_connect_server(bind_host, bind_port, host, port); end

    # Connects to a Unix domain socket.
    #
    # @param path [String]
    # @return [Integer] signature
    # @raise [RuntimeError] if nothing listens there
    def connect_unix_server(path); end

    # @!endgroup
  end
end
