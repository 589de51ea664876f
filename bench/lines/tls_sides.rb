# frozen_string_literal: true

require_relative "../harness/certify"

# The other end is Ruby's openssl in a process of its own, so that one side's cost is seen by itself.
peer = Bench::CERTIFY + <<~RUBY
  require "socket"
RUBY

server = lambda do |key|
  peer + <<~RUBY
    identity = identity(#{key})
    left = OPERATIONS
    serving = Module.new do
      define_method(:post_init) { start_tls(identity) }
      define_method(:unbind) { EventMachine.stop if (left -= 1).zero? }
    end

    EventMachine.run do
      port = port_of(EventMachine.start_server("127.0.0.1", 0, serving))
      elsewhere do
        OPERATIONS.times do
          client = OpenSSL::SSL::SSLSocket.new(TCPSocket.new("127.0.0.1", port), OpenSSL::SSL::SSLContext.new)
          client.sync_close = true
          client.connect
          client.close
        end
      end
      measure_from_here
    end
  RUBY
end

client = lambda do |key|
  peer + <<~RUBY
    key = #{key}
    context = OpenSSL::SSL::SSLContext.new
    context.add_certificate(certify(key), key)
    context.session_cache_mode = OpenSSL::SSL::SSLContext::SESSION_CACHE_OFF
    context.options |= OpenSSL::SSL::OP_NO_TICKET
    listener = TCPServer.new("127.0.0.1", 0)
    port = listener.addr[1]
    process = elsewhere do
      server = OpenSSL::SSL::SSLServer.new(listener, context)
      loop do
        server.accept.close
      rescue SystemCallError, OpenSSL::SSL::SSLError
        next
      end
    end
    listener.close
    left = OPERATIONS
    connecting = Module.new do
      def connection_completed
        start_tls
      end

      def ssl_handshake_completed
        close_connection
      end

      define_method(:unbind) do
        (left -= 1).zero? ? EventMachine.stop : EventMachine.connect("127.0.0.1", port, connecting)
      end
    end
    measure_from_here
    EventMachine.run { EventMachine.connect("127.0.0.1", port, connecting) }
    Process.kill(:KILL, process)
  RUBY
end

{ rsa: ["RSA 2048", "OpenSSL::PKey::RSA.new(2048)"],
  ecdsa: ["ECDSA P-256", 'OpenSSL::PKey::EC.generate("prime256v1")'] }.each do |id, (name, key)|
  Bench.program(:"tls_server_#{id}", "server's side of a TLS handshake, #{name}",
                operations: 500, source: server.call(key))
  Bench.program(:"tls_client_#{id}", "client's side of a TLS handshake, #{name}",
                operations: 500, source: client.call(key))
end
