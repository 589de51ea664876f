# frozen_string_literal: true

module EventMachine
  # How often another free port is tried, where one that is free for one address is not for another.
  FREE_PORT_TRIALS = 10
  private_constant :FREE_PORT_TRIALS

  class << self
    # Starts a server on a TCP port, or on a Unix domain socket if no port is given.
    #
    # @example
    #   EventMachine.start_server("::", 443, Website) { |connection| connection.start_tls(certificate) }
    #   EventMachine.start_server("/run/website.sock", Website)
    #
    # @param server [String, Addrinfo] address or host name to listen on; "" and "*" for all IPv4
    #   addresses; without a port, the path of a socket, which may begin with "\0" for an abstract name (unix(7)). An
    #   Addrinfo has its port, and the handler follows it
    # @param port [Integer, String, Class, Module, nil] 0 to 65535, 0 for any free port; or the name of a service,
    #   as in services(5); or the handler, for a Unix domain socket
    # @param handler [Class, Module, nil] handles each connection; see {klass_from_handler}
    # @param args given to `initialize` of each connection
    # @yieldparam connection [Connection] each accepted connection, once it is initialized
    # @return [Integer] the server's signature, for {stop_server}
    # @raise [RuntimeError] if the address is in use or not available
    # @raise [ArgumentError, TypeError] as {klass_from_handler}
    def start_server(server, port = nil, handler = nil, *args, &block)
      server, number, handler, args = endpoint(server, port, handler, args)
      klass = handler_class(Connection, handler, args)
      accept_on([klass, args, block]) do
        next start_unix_server(server) unless number

        first_that_does(any_host(server)) { |host| listen(host, number) }
      end
    end
    ruby2_keywords :start_server

    # Starts servers on all addresses of a host, with one handler: for "localhost" on 127.0.0.1 and ::1, for nil on
    # all addresses of IPv4 and IPv6. Those of a family that the system does not have are left out.
    #
    # @param host [String, nil] address or host name; nil, "" and "*" for all addresses
    # @param port [Integer, String] 0 to 65535, 0 for one that is free on all of them; or the name of a service
    # @param handler [Class, Module, nil] as {start_server}
    # @param args as {start_server}
    # @yieldparam connection [Connection] as {start_server}
    # @return [Array<Integer>] the servers' signatures, each for {stop_server}
    # @raise [RuntimeError] if one of the addresses is in use, or none is available; then there is no server
    # @raise [ConnectionError] if the host has no address
    # @raise [ArgumentError, TypeError] as {klass_from_handler}, and for what is no port
    def start_servers(host, port, handler = nil, *args, &block)
      number = port_number(port) or raise TypeError, "neither a port nor a service: #{port.inspect}"
      klass = handler_class(Connection, handler, args)
      host = any_host(host.nil? ? "*" : host)
      addresses = host == "" ? ["::", "0.0.0.0"] : all_addresses(host)
      options = ServerOptions.new({ ipv6_only: true }.merge(server_options.to_h))
      listen_on_all(addresses, number) do |address, free_port|
        accept_on([klass, args, block]) do
          listen_with(address, free_port, options.for(address), options.backlog)
        end
      end
    end
    ruby2_keywords :start_servers

    # Starts a server on a Unix domain socket. An existing socket with this path is replaced.
    #
    # @param filename [String] the socket's path
    # @param args handler and its arguments, as {start_server}
    # @return [Integer] the server's signature
    # @raise [RuntimeError, ArgumentError, TypeError] as {start_server}
    def start_unix_domain_server(filename, *args, &block)
      start_server(filename, *args, &block)
    end
    ruby2_keywords :start_unix_domain_server

    # Accepts connections on a socket that is listening already. It is set non-blocking.
    #
    # @param sock [#fileno, Integer] the socket, or its descriptor
    # @param handler [Class, Module, nil] as {start_server}
    # @param args as {start_server}
    # @yieldparam connection [Connection] as {start_server}
    # @return [Integer] the server's signature
    # @raise [RuntimeError, ArgumentError, TypeError] as {start_server}
    def attach_server(sock, handler = nil, *args, &block)
      klass = handler_class(Connection, handler, args)
      descriptor = descriptor_of(sock)
      # The reference keeps the socket from being collected, which would close it.
      accept_on([klass, args, block, sock]) { attach_sd(descriptor) }
    end
    ruby2_keywords :attach_server

    # Stops a server. Its connections stay open.
    #
    # @param signature [Integer] what {start_server} or {attach_server} returned
    # @return [nil]
    # @raise [RuntimeError] if there is no such server
    def stop_server(signature)
      stop_tcp_server(signature)
    end

    private

    # The block opens a server, which creates its connections as `acceptor` says.
    #
    # @return [Integer] the server's signature
    def accept_on(acceptor)
      hold_events do
        signature = yield
        @acceptors[signature] = acceptor
        signature
      end
    end

    # @return [String] the host; empty for all addresses
    def any_host(host)
      host == "*" ? "" : host
    end

    def all_addresses(host)
      may_wait? ? await_addresses(host) : host_addresses(host)
    end

    def listen_on_all(addresses, port, trials = FREE_PORT_TRIALS, &start)
      signatures = []
      start_each(addresses, port, signatures, &start)
      signatures
    rescue SystemCallError => error
      signatures.each { |signature| stop_server(signature) }
      again = port.zero? && error.is_a?(Errno::EADDRINUSE) && trials.positive?
      again ? listen_on_all(addresses, port, trials - 1, &start) : raise(no_acceptor(error))
    end

    def start_each(addresses, port, signatures)
      missing = nil
      addresses.each do |address|
        signatures << yield(address, port)
        port = addrinfo(signatures.last, get_sockname(signatures.last)).ip_port
      rescue Errno::EADDRNOTAVAIL, Errno::EAFNOSUPPORT => error
        missing = error
      end
      raise missing if signatures.empty? && missing
    end

    # Takes apart what {start_server} and {connect} are given.
    #
    # @return [Array(String, Integer, Module, Array)] host or path, port or nil, handler, its arguments
    def endpoint(server, port, handler, args)
      if server.is_a?(Addrinfo)
        server, number = split_address(server)
      else
        number = port_number(port)
        return [server, number, handler, args] if number || !port
      end
      handler, args = shift_handler(port, handler, args) if port
      [server, number, handler, args]
    end

    # @return [Array(String, Integer)] host and port; a path, and nil
    def split_address(address)
      return [address.ip_address, address.ip_port] if address.ip?
      return [address.unix_path, nil] if address.unix?

      raise ArgumentError, "neither an address of IP nor of a Unix socket: #{address.inspect}"
    end

    # The handler took the place of the port, so the other arguments move up by one.
    def shift_handler(handler, first, rest)
      unless handler.is_a?(Module)
        raise TypeError, "wrong argument type #{handler.class} (expected Module): #{handler.inspect} is neither " \
                         "a port nor a handler; the order is address, port, handler"
      end
      [handler, first.nil? && rest.empty? ? rest : [first, *rest]]
    end

    def descriptor_of(io)
      io.respond_to?(:fileno) ? io.fileno : io
    end
  end
end
