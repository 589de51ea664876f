# frozen_string_literal: true

Bench.server(:pipelined, "request of 64 B, 64 in one segment", operations: 500_000, source: <<~RUBY,
  ANSWER = ("x" * 64).freeze

  module Answers
    def post_init
      @partial = 0
    end

    def receive_data(data)
      @partial += data.bytesize
      while @partial >= 64
        @partial -= 64
        send_data(ANSWER)
      end
    end
  end

  EventMachine.run { listening(EventMachine.start_server("127.0.0.1", 0, Answers)) }
RUBY
             load: %w[echo --connections 50 --size 64 --pipeline 64],
             kind: "pipelined", rivals: Bench::EVERYONE)

Bench.server(:sends, "message answered by 32 sends of 64 B", operations: 25_000, source: <<~RUBY,
  PIECE = ("x" * 64).freeze

  module Answer
    def receive_data(_data)
      32.times { send_data(PIECE) }
    end
  end

  EventMachine.run { listening(EventMachine.start_server("127.0.0.1", 0, Answer)) }
RUBY
             load: %w[echo --connections 50 --size 64 --reply 2048], kind: "sends", rivals: Bench::EVERYONE)
