# frozen_string_literal: true

# As echo_64, with a server that reads and writes in fibers.
EventMachine.run do
  server = EventMachine.serve("127.0.0.1", 0) { |stream| loop { stream.write(stream.readpartial(65_536)) } }
  port, = Socket.unpack_sockaddr_in(EventMachine.get_sockname(server))
  done = countdown
  10.times { EventMachine.connect("127.0.0.1", port, Asking, ("x" * 64).freeze, 64, done) }
end
