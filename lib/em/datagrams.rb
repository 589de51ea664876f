# frozen_string_literal: true

require "ipaddr"

module EventMachine
  class << self
    # Opens a Unix datagram socket, as that of syslog or of sd_notify(3). {Connection#receive_data} is called with
    # each datagram; {Connection#send_datagram} sends to a path.
    #
    # @example
    #   EventMachine.open_unix_datagram_socket.send_datagram("READY=1", ENV.fetch("NOTIFY_SOCKET"))
    #
    # @param path [String, nil] where others can send to it; it may begin with "\0" for an abstract name (unix(7)).
    #   Its file stays when the socket is closed. Without one the socket can only send
    # @param handler [Class, Module, nil] as {connect}
    # @param args as {connect}
    # @yieldparam connection [Connection]
    # @return [Connection]
    # @raise [RuntimeError] if there is something at this path already
    # @raise [ArgumentError, TypeError] as {klass_from_handler}
    def open_unix_datagram_socket(path = nil, handler = nil, *args)
      klass = handler_class(Connection, handler, args)
      hold_events do
        connection = register(klass, open_unix_datagram(path), args)
        yield connection if block_given?
        connection
      end
    end
    ruby2_keywords :open_unix_datagram_socket

    # Opens a UDP socket that is connected (udp(7)): {Connection#send_data} sends to the one address, and only what
    # comes from there is received. That nobody listens there is not told.
    #
    # @param host [String, Addrinfo] address or host name, of which the first address is taken. An Addrinfo has its
    #   port, and the handler follows it
    # @param port [Integer, String, nil] 1 to 65535, or the name of a service
    # @param handler [Class, Module, nil] as {connect}
    # @param args as {connect}
    # @yieldparam connection [Connection]
    # @return [Connection]
    # @raise [ConnectionError] if the host name is unknown, the port is invalid, or there is no way to the address
    # @raise [ArgumentError, TypeError] as {klass_from_handler}, and if the port is neither
    def connect_datagram_socket(host, port = nil, handler = nil, *args)
      if host.is_a?(Addrinfo)
        raise ArgumentError, "no address of IP: #{host.inspect}" unless host.ip?

        host, port, handler, args = endpoint(host, port, handler, args)
      end
      klass = handler_class(Connection, handler, args)
      number = port.is_a?(String) && service_port(port, "udp") || Integer(port)
      raise ConnectionError, "no datagram socket: nobody has port 0" if number.zero?

      hold_events do
        signature = first_that_does(host) { |address| connect_datagram(address, number) }
        connection = register(klass, signature, args)
        yield connection if block_given?
        connection
      end
    end
    ruby2_keywords :connect_datagram_socket

    # Takes over a datagram socket: UDP, with whatever options and group memberships it has, or Unix. It has all
    # that one of {open_datagram_socket} has. It is set non-blocking, and stays its owner's to close, once
    # {Connection#unbind} was called.
    #
    # @param socket [#fileno, Integer]
    # @param handler [Class, Module, nil] as {connect}
    # @param args as {connect}
    # @yieldparam connection [Connection]
    # @return [Connection]
    # @raise [RuntimeError] if it is a socket of another type
    # @raise [SystemCallError] if it is no socket
    # @raise [ArgumentError, TypeError] as {klass_from_handler}
    def attach_datagram_socket(socket, handler = nil, *args)
      klass = handler_class(Connection, handler, args)
      descriptor = descriptor_of(socket)
      hold_events do
        connection = register(klass, attach_datagram(descriptor), args)
        # Kept from being collected, which would close it.
        connection.instance_variable_set(:@io, socket)
        yield connection if block_given?
        connection
      end
    end
    ruby2_keywords :attach_datagram_socket

    private

    # @return [Array(Integer, Integer, String)] level, option and value by which a socket joins or leaves a group
    def membership(group, interface, joins)
      address = group_address(group)
      return ipv6_membership(address, interface, joins) if address.ipv6?

      option = joins ? Socket::IP_ADD_MEMBERSHIP : Socket::IP_DROP_MEMBERSHIP
      [Socket::IPPROTO_IP, option, address.hton + ipv4_interface(interface)]
    end

    def group_address(group)
      raise TypeError, "a group must be a String: #{group.inspect}" unless group.is_a?(String)

      IPAddr.new(group)
    rescue IPAddr::Error
      raise ArgumentError, "no address of a group: #{group.inspect}"
    end

    def ipv6_membership(address, interface, joins)
      option = joins ? Socket::IPV6_JOIN_GROUP : Socket::IPV6_LEAVE_GROUP
      [Socket::IPPROTO_IPV6, option, address.hton + [interface ? interface_index(interface) : 0].pack("I")]
    end

    # The rest of a struct ip_mreqn, or of a struct ip_mreq; see ip(7).
    def ipv4_interface(interface)
      IPAddr.new(interface || "0.0.0.0").hton
    rescue IPAddr::InvalidAddressError
      IPAddr.new("0.0.0.0").hton + [interface_index(interface)].pack("i")
    end

    def interface_index(name)
      found = Socket.getifaddrs.find { |interface| interface.name == name }
      found ? found.ifindex : raise(ArgumentError, "there is no network interface #{name.inspect}")
    end
  end
end
