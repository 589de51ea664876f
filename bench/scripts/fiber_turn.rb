# frozen_string_literal: true

# A fiber starts and ends; another one sleeps, hands an item to a third and gets one back, and sends a message
# to a fourth, which echoes it.
EventMachine.main do
  there = Thread::Queue.new
  back = Thread::Queue.new
  near, far = UNIXSocket.pair
  message = ("x" * 64).freeze
  EventMachine.fiber { OPERATIONS.times { back << there.pop } }
  EventMachine.fiber { OPERATIONS.times { far.write(far.readpartial(64)) } }
  OPERATIONS.times do
    EventMachine.fiber { nil }
    sleep(0)
    there << 1 and back.pop
    near.write(message) and near.readpartial(64)
  end
end
