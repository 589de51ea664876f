# frozen_string_literal: true

work = -> {}
EventMachine.run do
  OPERATIONS.times { EventMachine.cancel_timer(EventMachine.add_timer(3600, work)) }
  EventMachine.stop
end
