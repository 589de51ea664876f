# frozen_string_literal: true

# Older code requires the extension by this name; the reader is part of the reactor's library.
require "eventmachine"
