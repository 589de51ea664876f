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
  end
end
