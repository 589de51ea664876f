# frozen_string_literal: true

module EventMachine
  # Version of this gem.
  VERSION = "1.4.0"
end
