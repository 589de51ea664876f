# frozen_string_literal: true

module EventMachine
  class << self
    # @!group Datagrams

    # Opens a UDP socket. {open_datagram_socket} calls this.
    #
    # @param host [String]
    # @param port [Integer]
    # @return [Integer] signature
    # @raise [RuntimeError] if the address is not available: "no datagram socket" and the reason
    def open_udp_socket(host, port); end

    # See {Connection#send_datagram}, which calls this.
    #
    # @param signature [Integer] the connection's
    # @param data [String]
    # @param size [Integer] how many bytes of it
    # @param host [String]
    # @param port [Integer]
    # @return [Integer] how many bytes were queued
    # @raise [ConnectionError] if it cannot be sent
    def send_datagram(signature, data, size, host, port); end

    # @!endgroup

    # Opens a Unix datagram socket. {open_unix_datagram_socket} calls this.
    #
    # @param path [String, nil] where others can send to it
    # @return [Integer] signature
    # @raise [RuntimeError] if there is something at this path already: "no datagram socket" and the reason
    def open_unix_datagram(path); end

    # Opens a UDP socket for one peer. {connect_datagram_socket} calls this.
    #
    # @param host [String] address or host name
    # @param port [Integer, String] 1 to 65535
    # @return [Integer] the signature
    # @raise [ConnectionError] if the host has no address, the port is invalid, or there is no way to it
    def connect_datagram(host, port); end

    # Takes over a datagram socket by its number. {attach_datagram_socket} calls this.
    #
    # @param descriptor [Integer]
    # @return [Integer] signature
    # @raise [RuntimeError] if it is a socket of another type
    # @raise [SystemCallError] if it is no socket
    def attach_datagram(descriptor); end

    # Sends a datagram to a Unix socket. {Connection#send_datagram} calls this for paths.
    #
    # @param signature [Integer] the socket's
    # @param data [String]
    # @param path [String]
    # @return [Integer] how many bytes were queued
    # @raise [ConnectionError] if the path is too long, or the socket is none for datagrams
    def send_unix_datagram(signature, data, path); end

    # See {Connection#enable_packet_info}, which calls this.
    #
    # @param signature [Integer] the socket's
    # @return [nil]
    # @raise [RuntimeError] if it is no UDP socket
    # @raise [Unsupported] where the system cannot tell
    def enable_packet_info(signature); end

    # See {Connection#packet_info}, which calls this.
    #
    # @param signature [Integer] the socket's
    # @return [Array(String, Integer, Integer), nil] address, port, and the number of the interface
    # @raise [RuntimeError] when no reactor runs
    def get_packet_info(signature); end
  end
end
