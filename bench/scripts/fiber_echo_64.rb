# frozen_string_literal: true

# As echo_64, with a scheduler of fibers installed: callbacks are to cost the same.
EventMachine.next_tick { EventMachine.fiber { nil } }
ask(Echo, ("x" * 64).freeze)
