# frozen_string_literal: true

echo = <<~RUBY
  module Echo
    def receive_data(data)
      send_data(data)
    end
  end
RUBY

Bench.server(:udp, "datagram of 64 B answered", operations: 100_000, kind: "udp", rivals: [:c],
             load: %w[udp --connections 10 --size 64], source: echo + <<~RUBY)
  EventMachine.run { listening(EventMachine.open_datagram_socket("127.0.0.1", 0, Echo).signature) }
RUBY

Bench.server(:unix, "echo of 64 B over Unix sockets, 50 connections", operations: 100_000,
             load: %w[echo --connections 50 --size 64], source: echo + <<~RUBY)
  require "tmpdir"

  EventMachine.run do
    path = File.join(Dir.tmpdir, "bench.\#{Process.pid}.sock")
    EventMachine.start_unix_domain_server(path, Echo)
    listening_at("unix:\#{path}")
  end
RUBY
