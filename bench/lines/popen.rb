# frozen_string_literal: true

Bench.program(:popen, "message of 64 B through a child and back", operations: 50_000, source: <<~RUBY)
  MESSAGE = ("x" * 64).freeze

  module Pong
    def post_init
      @left = OPERATIONS
      send_data(MESSAGE)
    end

    def receive_data(_data)
      (@left -= 1).zero? ? EventMachine.stop : send_data(MESSAGE)
    end
  end

  EventMachine.run { EventMachine.popen("cat", Pong) }
RUBY

Bench.program(:popen_start, "child started, read and reaped", operations: 1_000, source: <<~RUBY)
  left = OPERATIONS
  Child = Class.new(EventMachine::Connection) do
    define_method(:unbind) do
      (left -= 1).zero? ? EventMachine.stop : EventMachine.popen("true", Child)
    end
  end

  EventMachine.run { EventMachine.popen("true", Child) }
RUBY
