# frozen_string_literal: true

Bench.server(:udp, "datagram of 64 B answered", operations: 100_000, load: %w[udp --connections 10 --size 64],
                                                source: <<~RUBY)
  module Echo
    def receive_data(data)
      send_data(data)
    end
  end

  EventMachine.run { listening(EventMachine.open_datagram_socket("127.0.0.1", 0, Echo).signature) }
RUBY
