# frozen_string_literal: true

module EventMachine
  class << self
    # @!group Sockets

    # See {Connection#get_peername}, which calls this.
    #
    # @param signature [Integer] the connection's
    # @return [String, nil] a packed socket address
    # @raise [RuntimeError] when no reactor runs
    def get_peername(signature); end

    # See {Connection#get_sockname}, which calls this. Signatures of servers work as well.
    #
    # @param signature [Integer]
    # @return [String, nil] a packed socket address
    # @raise [RuntimeError] when no reactor runs
    def get_sockname(signature); end

    # See {Connection#get_sock_opt}, which calls this.
    #
    # @param signature [Integer] the connection's
    # @param level [Integer]
    # @param option [Integer]
    # @return [String] packed
    # @raise [SystemCallError] if the system refuses
    # @raise [RuntimeError] if there is no such connection
    def get_sock_opt(signature, level, option); end

    # See {Connection#set_sock_opt}, which calls this.
    #
    # @param signature [Integer] the connection's
    # @param level [Integer]
    # @param option [Integer]
    # @param value [Boolean, Integer, String]
    # @return [Integer] 0
    # @raise [SystemCallError] if the system refuses
    # @raise [RuntimeError] if there is no such connection
    def set_sock_opt(signature, level, option, value); end

    # See {Connection#error?}, which calls this.
    #
    # @param signature [Integer] the connection's
    # @return [Integer] the socket's pending error number (SO_ERROR), 0 for none, -1 if there is no such
    #   connection
    # @raise [RuntimeError] when no reactor runs
    def report_connection_error_status(signature); end

    # @!endgroup
  end
end
