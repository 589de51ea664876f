# frozen_string_literal: true

require_relative "../deferrable"
require_relative "../pool"

warn "EventMachine::Deferrable::Pool is deprecated: use EventMachine::Pool"

# The name that EventMachine::Pool had once.
EventMachine::Deferrable::Pool = EventMachine::Pool
