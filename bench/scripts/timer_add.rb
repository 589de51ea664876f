# frozen_string_literal: true

work = -> {}
EventMachine.run do
  OPERATIONS.times { |number| EventMachine.add_timer(3600 + number % 100, work) }
  EventMachine.stop
end
