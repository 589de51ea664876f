# frozen_string_literal: true

module EventMachine
  class << self
    # Opens a connection over TCP, or to a Unix domain socket when no port is given. The
    # connection is established in the background: {Connection#connection_completed} is called if that succeeds,
    # {Connection#unbind} if it fails.
    #
    # Where a host has several addresses, those of IPv6 and IPv4 take turns: the next is tried when the one before
    # has failed, and beside it when it has not answered within {connection_attempt_delay}. The first that is
    # connected is used (RFC 8305). {name_resolution=} says how the name is resolved.
    #
    # @param server [String, Addrinfo] address or host name; without a port the path of a socket, which may begin
    #   with "\0" for an abstract name (unix(7)). An Addrinfo has its port, and the handler follows it
    # @param port [Integer, String, Class, Module, nil] 1 to 65535, or the name of a service, as in services(5); or
    #   the handler, for a Unix domain socket
    # @param handler [Class, Module, nil] handles the connection; see {klass_from_handler}
    # @param args given to `initialize`
    # @yieldparam connection [Connection] the connection, before anything happens on it
    # @return [Connection]
    # @raise [ConnectionError] if the host name is unknown or the port is invalid; in a fiber, {ResolutionError}
    # @raise [RuntimeError] when nothing listens on the Unix domain socket
    # @raise [ArgumentError, TypeError] as {klass_from_handler}
    def connect(server, port = nil, handler = nil, *args, &block)
      connect_from(nil, nil, server, port, handler, args, &block)
    end
    ruby2_keywords :connect

    # Like {connect}, from the given local address.
    #
    # @param bind_addr [String, Addrinfo, nil] the local address or host name; nil leaves the choice to the system.
    #   The port of an Addrinfo counts, not `bind_port`
    # @param bind_port [Integer, nil] the local port; nil and 0 leave the choice to the system
    # @param server [String] as {connect}
    # @param port [Integer, String, Class, Module, nil] as {connect}
    # @param handler [Class, Module, nil] as {connect}
    # @param args as {connect}
    # @yieldparam connection [Connection]
    # @return [Connection]
    # @raise [ConnectionError] also if the local address is not available
    def bind_connect(bind_addr, bind_port, server, port = nil, handler = nil, *args, &block)
      connect_from(bind_addr, bind_port, server, port, handler, args, &block)
    end
    ruby2_keywords :bind_connect

    # Opens a connection to a Unix domain socket.
    #
    # @param socketname [String] the socket's path
    # @param args handler and its arguments, as {connect}
    # @yieldparam connection [Connection]
    # @return [Connection]
    # @raise [RuntimeError] when nothing listens there
    # @raise [ArgumentError, TypeError] as {klass_from_handler}
    def connect_unix_domain(socketname, *args, &block)
      connect(socketname, *args, &block)
    end
    ruby2_keywords :connect_unix_domain

    # Connects an object again after its connection was lost. It does nothing while the object is connected.
    # `initialize` and `post_init` are not called again.
    #
    # @param server [String, Addrinfo] as {connect}
    # @param port [Integer, nil] as {connect}; nil for a Unix domain socket and for an Addrinfo
    # @param handler [Connection] the object
    # @yieldparam handler [Connection] the object, once it has its new signature
    # @return [Connection] the object
    # @raise [RuntimeError] if the object is not a connection
    # @raise [ConnectionError] as {connect}
    def reconnect(server, port, handler)
      unless handler.respond_to?(:connection_completed)
        raise "invalid handler: #{handler.inspect} does not respond to connection_completed"
      end
      return handler if @conns.key?(handler.signature)

      server, port = split_address(server) if server.is_a?(Addrinfo)
      hold_events do
        signature = open_stream(server, port)
        handler.signature = signature
        @conns[signature] = handler
        yield handler if block_given?
      end
      handler
    end

    # Opens a UDP socket. {Connection#receive_data} is called with each datagram. {Connection#send_data} replies
    # to its sender, {Connection#send_datagram} sends to any address.
    #
    # @param address [String, Addrinfo] address to bind to; "" and "*" for all of IPv4. An Addrinfo has
    #   its port, and the handler follows it
    # @param port [Integer, String, nil] 0 to 65535, or the name of a service; 0 and nil for any free port
    # @param handler [Class, Module, nil] as {connect}
    # @param args as {connect}
    # @yieldparam connection [Connection]
    # @return [Connection]
    # @raise [RuntimeError] if the address is not available
    # @raise [ArgumentError, TypeError] as {klass_from_handler}
    def open_datagram_socket(address, port = nil, handler = nil, *args)
      address, port, handler, args = endpoint(address, port, handler, args) if address.is_a?(Addrinfo)
      klass = handler_class(Connection, handler, args)
      hold_events do
        signature = first_that_does(any_host(address)) { |host| open_udp_socket(host, datagram_port(port)) }
        connection = register(klass, signature, args)
        yield connection if block_given?
        connection
      end
    end
    ruby2_keywords :open_datagram_socket

    private

    def connect_from(bind_addr, bind_port, server, port, handler, args)
      number = port if port.is_a?(Integer) && server.is_a?(String)
      server, number, handler, args = endpoint(server, port, handler, args) unless number
      bind_addr, bind_port = split_address(bind_addr) if bind_addr.is_a?(Addrinfo)
      klass = handler_class(Connection, handler, args)
      hold_events do
        connection = register(klass, open_stream(server, number, bind_addr, bind_port), args)
        yield connection if block_given?
        connection
      end
    end

    def datagram_port(port)
      port.is_a?(String) && service_port(port, "udp") || port.to_i
    end

    def open_stream(server, port, bind_addr = nil, bind_port = nil)
      if port.nil? then connect_unix_server(server)
      elsif may_wait? then connect_awaited(server, port, bind_addr, bind_port)
      elsif @name_resolution == :threads then connect_host(server, port, bind_addr, bind_port.to_i)
      elsif bind_addr then bind_connect_server(bind_addr, bind_port.to_i, server, port)
      else connect_server(server, port)
      end
    end

    def connect_awaited(server, port, bind_addr, bind_port)
      connect_addresses(server, await_addresses(server), port, bind_addr, bind_port.to_i)
    end
  end
end
