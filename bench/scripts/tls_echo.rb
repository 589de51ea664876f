# frozen_string_literal: true

# A connection under TLS; the handshake is not an operation.
message = ("x" * 64).freeze
done = countdown
secured = Module.new do
  def post_init
    start_tls
  end

  def receive_data(data)
    send_data(data)
  end
end
client = Module.new do
  def connection_completed
    start_tls
  end

  define_method(:ssl_handshake_completed) { send_data(message) }
  define_method(:receive_data) { |_| done.call || send_data(message) }
end

EventMachine.run { EventMachine.connect("127.0.0.1", serve(secured), client) }
