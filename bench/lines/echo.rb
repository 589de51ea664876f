# frozen_string_literal: true

server = <<~RUBY
  module Echo
    def receive_data(data)
      send_data(data)
    end
  end

  EventMachine.run { listening(EventMachine.start_server("127.0.0.1", 0, Echo)) }
RUBY

Bench.server(:echo_64, "echo of 64 B, 50 connections", operations: 200_000, source: server,
                                                       load: %w[echo --connections 50 --size 64])
Bench.server(:echo_16k, "echo of 16 KiB, 50 connections", operations: 50_000, source: server,
                                                          load: %w[echo --connections 50 --size 16384])
