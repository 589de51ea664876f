# frozen_string_literal: true

done = countdown
Asker = Class.new(EventMachine::Connection) do
  define_method(:receive_data) do |data|
    done.call
    send_data(data)
  end
end

EventMachine.run do
  server = EventMachine.open_datagram_socket("127.0.0.1", 0, Echo)
  port, = Socket.unpack_sockaddr_in(server.get_sockname)
  asker = EventMachine.open_datagram_socket("127.0.0.1", 0, Asker)
  asker.send_datagram("x" * 64, "127.0.0.1", port)
end
