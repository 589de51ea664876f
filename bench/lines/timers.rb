# frozen_string_literal: true

Bench.program(:timers_add, "timer added", operations: 200_000, source: <<~RUBY)
  work = -> {}
  EventMachine.run do
    OPERATIONS.times { |number| EventMachine.add_timer(3600 + number % 100, work) }
    EventMachine.stop
  end
RUBY

Bench.program(:timers_fire, "timer added and fired, 1,000 at a time", operations: 200_000, source: <<~RUBY)
  left = OPERATIONS
  work = -> { (left -= 1).zero? && EventMachine.stop }
  batch = lambda do
    EventMachine.add_timer(0.002, batch)
    1_000.times { EventMachine.add_timer(0.001, work) }
  end
  EventMachine.run(&batch)
RUBY

Bench.program(:timers_cancel, "timer added and cancelled", operations: 200_000, source: <<~RUBY)
  work = -> {}
  EventMachine.run do
    OPERATIONS.times { EventMachine.cancel_timer(EventMachine.add_timer(3600, work)) }
    EventMachine.stop
  end
RUBY

Bench.program(:timers_outstanding, "timer added and fired, 100,000 outstanding", operations: 200_000,
              source: <<~RUBY)
  EventMachine.set_max_timers(300_000)
  left = OPERATIONS
  idle = -> {}
  work = -> { (left -= 1).zero? && EventMachine.stop }
  batch = lambda do
    EventMachine.add_timer(0.002, batch)
    1_000.times { EventMachine.add_timer(0.001, work) }
  end
  EventMachine.run do
    100_000.times { |number| EventMachine.add_timer(3600 + number % 100, idle) }
    measure_from_here
    batch.call
  end
RUBY

Bench.program(:timers_periodic, "periodic timer fired, 1,000 of them", operations: 100_000, source: <<~RUBY)
  left = OPERATIONS
  EventMachine.run do
    1_000.times do
      EventMachine.add_periodic_timer(0.01) { (left -= 1).zero? && EventMachine.stop }
    end
  end
RUBY

Bench.program(:timers_spread, "timer added and fired, 200,000 at once of 0 to 99 ms", operations: 200_000,
source: <<~RUBY)
  EventMachine.set_max_timers(300_000)
  left = OPERATIONS
  work = -> { (left -= 1).zero? && EventMachine.stop }
  EventMachine.run { OPERATIONS.times { |number| EventMachine.add_timer((number % 100) / 1000.0, work) } }
RUBY
