# frozen_string_literal: true

# Older code requires the extension by this name.
require "eventmachine"
