# frozen_string_literal: true

# The other end is Ruby's openssl in a process of its own, so that one side's cost is seen by itself.
peer = <<~RUBY
  require "openssl"
  require "socket"

  def certify(key)
    certificate = OpenSSL::X509::Certificate.new
    certificate.version = 2
    certificate.serial = 1
    certificate.subject = certificate.issuer = OpenSSL::X509::Name.parse("/CN=localhost")
    certificate.not_before = Time.now - 3600
    certificate.not_after = Time.now + 86_400
    certificate.public_key = key
    certificate.sign(key, OpenSSL::Digest.new("SHA256"))
  end
RUBY

server = lambda do |key|
  peer + <<~RUBY
    key = #{key}
    identity = { private_key: key.private_to_pem, cert: certify(key).to_pem }
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
