# frozen_string_literal: true

Bench.program(:bulk, "1 MiB of 1 GiB, sent and received", operations: 1024, kind: "bulk", rivals: [:c],
              source: <<~RUBY)
  MEGABYTE = ("x" * (1 << 20)).freeze

  module Receiver
    def receive_data(data)
      $received += data.bytesize
      return if $received < MEGABYTE.bytesize

      $received -= MEGABYTE.bytesize
      ($left -= 1).zero? ? EventMachine.stop : $sender.send_data(MEGABYTE)
    end
  end

  $received = 0
  $left = OPERATIONS
  EventMachine.run do
    port = port_of(EventMachine.start_server("127.0.0.1", 0, Receiver))
    $sender = EventMachine.connect("127.0.0.1", port)
    $sender.send_data(MEGABYTE)
  end
RUBY

# What a send costs, however much waits already.
[2_000, 128_000].each do |count|
  title = "send of 16 KiB, #{count.to_s.sub(/(?=000$)/, ",")} queued, and received"
  Bench.program(:"queued_#{count}", title, operations: count, kind: "bulk", source: <<~RUBY)
    MESSAGE = ("x" * (1 << 14)).freeze
    port, reader = sink

    Sender = Class.new(EventMachine::Connection) do
      def connection_completed
        OPERATIONS.times { send_data(MESSAGE) }
        close_connection_after_writing
      end

      def unbind
        EventMachine.stop
      end
    end

    EventMachine.run { EventMachine.connect("127.0.0.1", port, Sender) }
    Process.wait(reader)
  RUBY
end
