# frozen_string_literal: true

# A process in the sense of Erlang: a block that is called once for each notification.
#
#   ruby examples/spawn.rb

require "eventmachine"

EventMachine.run do
  counter = EventMachine.spawn do |number|
    puts number
    number.zero? ? EventMachine.stop : notify(number - 1)
  end
  counter.notify(3)
end
