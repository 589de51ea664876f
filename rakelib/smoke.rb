# frozen_string_literal: true

# The least that works wherever the library is installed: an echo, in the clear and by TLS.

require "eventmachine"

class Echo < EventMachine::Connection
  def initialize(secure)
    super()
    @secure = secure
  end

  def post_init
    start_tls if @secure
  end

  def receive_data(data)
    send_data(data)
  end
end

class Ask < EventMachine::Connection
  def initialize(secure)
    super()
    @secure = secure
  end

  def connection_completed
    @secure ? start_tls : send_data("hello")
  end

  def ssl_handshake_completed
    send_data("hello")
  end

  def receive_data(data)
    puts [data, *(get_cipher_protocol if @secure)].join(" by ")
    @answered = true
    close_connection
  end

  def unbind(reason = nil)
    abort "no answer: #{reason.inspect}" unless @answered
    @secure ? EventMachine.stop : ask(true)
  end
end

def ask(secure)
  server = EventMachine.start_server("127.0.0.1", 0, Echo, secure)
  EventMachine.connect("127.0.0.1", EventMachine.get_sockname(server).unpack1("x2n"), Ask, secure)
end

pp EventMachine.library_info
EventMachine.run { ask(false) }
