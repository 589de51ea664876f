# frozen_string_literal: true

done = countdown
EventMachine.run do
  batch = lambda do
    500.times { EventMachine.next_tick(done) }
    EventMachine.next_tick(batch)
  end
  batch.call
end
