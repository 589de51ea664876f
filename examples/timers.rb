# frozen_string_literal: true

# Timers: one that fires once, a periodic one, and a cancelled one.
#
#   ruby examples/timers.rb

require "eventmachine"

EventMachine.run do
  EventMachine.add_timer(0.05) { puts "once" }

  forgotten = EventMachine::Timer.new(0.01) { puts "never" }
  forgotten.cancel

  rounds = 0
  periodic = EventMachine.add_periodic_timer(0.1) do
    rounds += 1
    puts "round #{rounds}"
    next if rounds < 3

    periodic.cancel
    EventMachine.stop
  end
end
