# frozen_string_literal: true

server = <<~RUBY
  EventMachine.run { listening(EventMachine.start_server("127.0.0.1", 0)) }
RUBY

Bench.server(:churn, "connection accepted and closed, 50 at once", operations: 10_000, kind: "echo",
                                                                   load: %w[churn --connections 50],
                                                                   rivals: Bench::EVERYONE, source: server)
Bench.server(:churn_1, "connection accepted and closed, one by one", operations: 10_000, kind: "echo",
                                                                     load: %w[churn], rivals: [:c],
                                                                     source: server)

# What a name takes is no more than a fifth of a connection.
{ connect: ["", "127.0.0.1"], connect_name: [" by name", "localhost"] }.each do |id, (how, host)|
  Bench.program(id, "connection made#{how}, accepted and closed", operations: 5_000, source: <<~RUBY)
    left = OPERATIONS
    port = nil
    Client = Class.new(EventMachine::Connection) do
      def connection_completed
        close_connection
      end

      define_method(:unbind) do
        (left -= 1).zero? ? EventMachine.stop : EventMachine.connect("#{host}", port, Client)
      end
    end

    EventMachine.run do
      port = port_of(EventMachine.start_server("127.0.0.1", 0))
      EventMachine.connect("#{host}", port, Client)
    end
  RUBY
end
