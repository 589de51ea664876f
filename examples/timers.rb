# frozen_string_literal: true

# Timers: one that fires once, one that is put off, a cancelled one, and a periodic one whose first call is early.
#
#   ruby examples/timers.rb

require "eventmachine"

EventMachine.run do
  EventMachine.add_timer(0.05) { puts "once" }

  forgotten = EventMachine::Timer.new(0.01) { puts "never" }
  forgotten.cancel

  idle = EventMachine::Timer.new(0.07) { puts "quiet for 0.07 s" }
  EventMachine.add_timer(0.05) { idle.restart }

  rounds = 0
  periodic = EventMachine.add_periodic_timer(0.2, first: 0) do
    rounds += 1
    puts "round #{rounds}"
    next if rounds < 3

    periodic.cancel
    EventMachine.stop
  end
end
