# frozen_string_literal: true

# The one that fires last makes all of them due once more.
count = 500
left = OPERATIONS / count
EventMachine.run do
  (count - 1).times { EventMachine.add_periodic_timer(0.001) {} }
  EventMachine.add_periodic_timer(0.001) do
    (left -= 1).zero? ? EventMachine.stop : sleep(0.002)
  end
  sleep(0.002)
end
