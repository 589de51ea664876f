# frozen_string_literal: true

# Passes what comes on to an echo, and its answers back.
class Relay < EventMachine::Connection
  def initialize(port)
    super()
    @port = port
  end

  def post_init
    backend = EventMachine.connect("127.0.0.1", @port, Echo)
    EventMachine.enable_proxy(self, backend)
    EventMachine.enable_proxy(backend, self)
  end
end

answered = countdown
EventMachine.run do
  backend = serve(Echo)
  relay = EventMachine.start_server("127.0.0.1", 0, Relay, backend)
  port = Socket.unpack_sockaddr_in(EventMachine.get_sockname(relay)).first
  message = ("x" * 524_288).freeze
  EventMachine.connect("127.0.0.1", port, Asking, message, message.bytesize, answered)
end
