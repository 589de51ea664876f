# frozen_string_literal: true

# There are no messages beyond those of EventMachine::SpawnedProcess: older code requires this file by name.
