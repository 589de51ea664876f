# frozen_string_literal: true

require_relative "fiber/errors"
require_relative "scheduler"
require_relative "scheduler/hooks"
require_relative "scheduler/resolver"
require_relative "fiber/task"
require_relative "fiber/spawn"
require_relative "fiber/failures"
require_relative "fiber/stop"
require_relative "fiber/await"
require_relative "fiber/joint"
require_relative "fiber/group"
