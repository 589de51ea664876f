# frozen_string_literal: true

Bench.program(:cycles, "EM.run and stop", operations: 2_000, source: <<~RUBY)
  OPERATIONS.times { EventMachine.run { EventMachine.stop } }
RUBY

Bench.program(:connect, "connection made, accepted and closed", operations: 5_000, source: <<~RUBY)
  left = OPERATIONS
  port = nil
  Client = Class.new(EventMachine::Connection) do
    def connection_completed
      close_connection
    end

    define_method(:unbind) do
      (left -= 1).zero? ? EventMachine.stop : EventMachine.connect("127.0.0.1", port, Client)
    end
  end

  EventMachine.run do
    server = EventMachine.start_server("127.0.0.1", 0)
    port, = Socket.unpack_sockaddr_in(EventMachine.get_sockname(server))
    EventMachine.connect("127.0.0.1", port, Client)
  end
RUBY
