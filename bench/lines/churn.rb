# frozen_string_literal: true

Bench.server(:churn, "connection accepted and closed", operations: 10_000, load: %w[churn], kind: "echo",
                                                       rivals: Bench::EVERYONE, source: <<~RUBY)
  EventMachine.run { listening(EventMachine.start_server("127.0.0.1", 0)) }
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
    port = port_of(EventMachine.start_server("127.0.0.1", 0))
    EventMachine.connect("127.0.0.1", port, Client)
  end
RUBY
