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
