# frozen_string_literal: true

Bench.server(:sends, "message answered by 32 sends of 64 B", operations: 50_000, source: <<~RUBY,
  PIECE = ("x" * 64).freeze

  module Answer
    def receive_data(_data)
      32.times { send_data(PIECE) }
    end
  end

  EventMachine.run { listening(EventMachine.start_server("127.0.0.1", 0, Answer)) }
RUBY
             load: %w[echo --connections 50 --size 64 --reply 2048])
