# frozen_string_literal: true

Bench.program(:defer, "deferred operation with its callback", operations: 50_000, source: <<~RUBY)
  left = OPERATIONS
  work = -> {}
  callback = ->(_) { (left -= 1).zero? ? EventMachine.stop : EventMachine.defer(work, callback) }
  EventMachine.run { 10.times { EventMachine.defer(work, callback) } }
RUBY

Bench.program(:next_tick_thread, "next_tick from another thread", operations: 100_000, source: <<~RUBY)
  left = OPERATIONS
  work = -> { (left -= 1).zero? && EventMachine.stop }
  EventMachine.run { Thread.new { OPERATIONS.times { EventMachine.next_tick(work) } } }
RUBY
