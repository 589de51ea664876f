# frozen_string_literal: true

require_relative "../harness/certify"

# Both ends are in the measured process: an operation's cost is the client's and the server's together.
setup = Bench::CERTIFY + <<~RUBY
  def serve_tls(identity, server, client)
    secured = Module.new { define_method(:post_init) { start_tls(identity) } }
    signature = EventMachine.start_server("127.0.0.1", 0, Class.new(EventMachine::Connection) do
      include secured
      include server
    end)
    port = port_of(signature)
    -> { EventMachine.connect("127.0.0.1", port, client) }
  end
RUBY

handshakes = lambda do |key|
  setup + <<~RUBY
    identity = identity(#{key})
    left = OPERATIONS
    connect = nil
    client = Module.new do
      def connection_completed
        start_tls
      end

      def ssl_handshake_completed
        close_connection
      end

      define_method(:unbind) { (left -= 1).zero? ? EventMachine.stop : connect.call }
    end

    measure_from_here
    EventMachine.run { (connect = serve_tls(identity, Module.new, client)).call }
  RUBY
end

Bench.program(:tls_rsa, "TLS handshake, RSA 2048", operations: 500,
                                                   source: handshakes.call("OpenSSL::PKey::RSA.new(2048)"))
Bench.program(:tls_ecdsa, "TLS handshake, ECDSA P-256",
              operations: 1_000, source: handshakes.call('OpenSSL::PKey::EC.generate("prime256v1")'))

echo = <<~RUBY
  MESSAGE = ("x" * 64).freeze
  identity = identity(OpenSSL::PKey::EC.generate("prime256v1"))
  left = OPERATIONS
  echo = Module.new { def receive_data(data) = send_data(data) }
  client = Module.new do
    def connection_completed
      start_tls
    end

    def ssl_handshake_completed
      measure_from_here
      send_data(MESSAGE)
    end

    define_method(:receive_data) { |_| (left -= 1).zero? ? EventMachine.stop : send_data(MESSAGE) }
  end
  EventMachine.run { serve_tls(identity, echo, client).call }
RUBY

Bench.program(:tls_echo, "message of 64 B there and back over TLS", operations: 50_000, source: setup + echo)

bulk = <<~RUBY
  MEGABYTE = ("x" * (1 << 20)).freeze
  identity = identity(OpenSSL::PKey::EC.generate("prime256v1"))
  left = OPERATIONS
  received = 0
  sender = nil
  count = Module.new do
    define_method(:receive_data) do |data|
      received += data.bytesize
      next if received < MEGABYTE.bytesize

      received -= MEGABYTE.bytesize
      (left -= 1).zero? ? EventMachine.stop : sender.send_data(MEGABYTE)
    end
  end
  client = Module.new do
    def connection_completed
      start_tls
    end

    define_method(:ssl_handshake_completed) do
      measure_from_here
      sender = self
      send_data(MEGABYTE)
    end
  end
  EventMachine.run { serve_tls(identity, count, client).call }
RUBY

Bench.program(:tls_bulk, "1 MiB of 256 MiB, sent and received over TLS", operations: 256,
              source: setup + bulk)
