# frozen_string_literal: true

module EventMachine
  class << self
    # Starts a server on a TCP port, or on a Unix domain socket if no port is given.
    #
    # @example
    #   EventMachine.start_server("::", 443, Website) { |connection| connection.start_tls(certificate) }
    #   EventMachine.start_server("/run/website.sock", Website)
    #
    # @param server [String] address or host name to listen on; without a port, the path of a socket
    # @param port [Integer, String, Class, Module, nil] 0 to 65535, 0 for any free port; or the handler,
    #   for a Unix domain socket
    # @param handler [Class, Module, nil] handles each connection; see {klass_from_handler}
    # @param args given to `initialize` of each connection
    # @yieldparam connection [Connection] each accepted connection, once it is initialized
    # @return [Integer] the server's signature, for {stop_server}
    # @raise [RuntimeError] if the address is in use or not available
    # @raise [ArgumentError, TypeError] as {klass_from_handler}
    def start_server(server, port = nil, handler = nil, *args, &block)
      number = port_number(port)
      handler, args = shift_handler(port, handler, args) if number.nil? && port
      klass = klass_from_handler(Connection, handler, *args)
      accept_on([klass, args, block]) do
        next start_unix_server(server) unless number

        first_that_does(server) { |host| start_tcp_server(host, number) }
      end
    end
    ruby2_keywords :start_server

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
      klass = klass_from_handler(Connection, handler, *args)
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
