# frozen_string_literal: true

Bench.program(:next_tick_chain, "next_tick, each from the one before", operations: 300_000, source: <<~RUBY)
  left = OPERATIONS
  step = -> { (left -= 1).zero? ? EventMachine.stop : EventMachine.next_tick(step) }
  EventMachine.run { EventMachine.next_tick(step) }
RUBY

Bench.program(:next_tick_batch, "next_tick, 1,000 at a time", operations: 1_000_000, source: <<~RUBY)
  left = OPERATIONS
  work = -> { left -= 1 }
  batch = lambda do
    next EventMachine.stop unless left.positive?

    1_000.times { EventMachine.next_tick(work) }
    EventMachine.next_tick(batch)
  end
  EventMachine.run(&batch)
RUBY
