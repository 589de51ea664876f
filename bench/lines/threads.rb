# frozen_string_literal: true

Bench.program(:defer, "deferred operation with its callback", operations: 50_000, source: <<~RUBY)
  left = OPERATIONS
  work = -> {}
  callback = ->(_) { (left -= 1).zero? ? EventMachine.stop : EventMachine.defer(work, callback) }
  EventMachine.run { 10.times { EventMachine.defer(work, callback) } }
RUBY

Bench.program(:defer_burst, "deferred operation with its callback, 50,000 at once", operations: 50_000, source: <<~RUBY)
  left = OPERATIONS
  work = -> {}
  callback = ->(_) { (left -= 1).zero? && EventMachine.stop }
  EventMachine.run { OPERATIONS.times { EventMachine.defer(work, callback) } }
RUBY

Bench.program(:next_tick_thread, "next_tick from another thread", operations: 500_000, source: <<~RUBY)
  left = OPERATIONS
  work = -> { (left -= 1).zero? && EventMachine.stop }
  EventMachine.run { Thread.new { OPERATIONS.times { EventMachine.next_tick(work) } } }
RUBY

# What a thread has sent is taken once the loop has been woken.
Bench.program(:send_thread, "send_data of 64 B from another thread", operations: 200_000, source: <<~RUBY)
  MESSAGE = ("x" * 64).freeze
  port, reader = sink
  turn = Queue.new
  taken = -> { turn.push(true) }

  Sender = Class.new(EventMachine::Connection) do
    define_method(:connection_completed) do
      Thread.new do
        (OPERATIONS / 100).times do
          100.times { send_data(MESSAGE) }
          EventMachine.next_tick(taken)
          turn.pop
        end
        EventMachine.next_tick { close_connection_after_writing }
      end
    end

    def unbind
      EventMachine.stop
    end
  end

  EventMachine.run { EventMachine.connect("127.0.0.1", port, Sender) }
  Process.wait(reader)
RUBY
