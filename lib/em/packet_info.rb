# frozen_string_literal: true

require "em/connection"

module EventMachine
  # Where a datagram came in: its `address` is the one that it was sent to, an Addrinfo with the socket's port, which
  # may be that of a multicast group; `interface` is the number of the network interface that it came through, as in
  # `Socket.getifaddrs`.
  PacketInfo = Struct.new(:address, :interface)

  # What datagram sockets tell beside their data. A handler that defines `receive_error` is called with an Errno class
  # when something that was sent did not get to its peer, or could not be sent: Errno::ECONNREFUSED where nobody listens
  # (an ICMP error, which the system tells connected sockets only; udp(7)), Errno::EMSGSIZE, Errno::ENETUNREACH. It is
  # not defined here. The socket goes on in either case.
  class Connection
    # Has the system tell of each datagram that comes in from now on which address it was sent to (IP_PKTINFO of ip(7),
    # IPV6_PKTINFO of ipv6(7)): for a socket on all of a host's addresses. {#send_data} then answers from that address,
    # rather than from one that the system chooses, which the peer may not expect. Datagrams are taken one by one then.
    #
    # @example A name server on all addresses
    #   EventMachine.open_datagram_socket("0.0.0.0", 5353, NameServer, &:enable_packet_info)
    # @return [nil]
    # @raise [RuntimeError] if it is no UDP socket, or is closed
    # @raise [Unsupported] where the system cannot tell; Linux can
    def enable_packet_info
      EventMachine.enable_packet_info(@signature)
    end

    # In `receive_data`: where the datagram came in.
    #
    # @return [PacketInfo, nil] nil without {#enable_packet_info}, and before the first datagram
    def packet_info
      host, port, interface = EventMachine.get_packet_info(@signature)
      host && PacketInfo.new(Addrinfo.udp(host, port), interface)
    end
  end
end
