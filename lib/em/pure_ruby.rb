# frozen_string_literal: true

# There is one reactor only; code that asks for one in pure Ruby gets it.
require "eventmachine"
