# frozen_string_literal: true

# A long computation in small steps. Between them the reactor does its other work.
#
#   ruby examples/tick_loop.rb

require "eventmachine"

EventMachine.run do
  sum = 0
  numbers = (1..1_000).each_slice(100).to_a
  steps = EventMachine.tick_loop do
    slice = numbers.shift or next :stop
    sum += slice.sum
  end
  steps.on_stop do
    puts sum
    EventMachine.stop
  end
end
