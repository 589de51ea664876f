# frozen_string_literal: true

done = countdown
step = -> { done.call || EventMachine.next_tick(step) }
EventMachine.run { EventMachine.next_tick(step) }
