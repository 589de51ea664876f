# frozen_string_literal: true

# Asynchronous work on each item of a list, a few items at a time.
#
#   ruby examples/iterator.rb

require "eventmachine"

EventMachine.run do
  at_work = most = 0
  square = lambda do |number, iter|
    at_work += 1
    most = [most, at_work].max
    EventMachine.add_timer(0.01) do
      at_work -= 1
      iter.return(number**2)
    end
  end
  EventMachine::Iterator.new(1..6, 3).map(square, lambda { |squares|
    puts squares.inspect, "at most #{most} at a time"
    EventMachine.stop
  })
end
