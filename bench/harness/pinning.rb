# frozen_string_literal: true

require "etc"

module Bench
  # Keeps what is measured and what drives it on different cores.
  module Pinning
    module_function

    # @return [Array<String>] what to put before the command of what is measured
    def server
      possible? ? %w[taskset --cpu-list 0] : []
    end

    # @return [Array<String>] what to put before the command of the load
    def load
      possible? ? %w[taskset --cpu-list 1] : []
    end

    def possible?
      Etc.nprocessors > 1
    end
  end
end
