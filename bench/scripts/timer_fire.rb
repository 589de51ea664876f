# frozen_string_literal: true

# They are due before the loop comes to look, whatever the machine's speed.
done = countdown
EventMachine.run do
  OPERATIONS.times { EventMachine.add_timer(0.001, done) }
  sleep(0.002)
end
