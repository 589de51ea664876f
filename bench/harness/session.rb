# frozen_string_literal: true

require_relative "failed"

module Bench
  # A server under its load, which is driven in turns with others: what the machine does besides falls on all.
  class Session
    # In how many turns a sample is taken.
    TURNS = 5

    # @param empty [Integer] KiB of memory that the server took before it had connections
    def initialize(line, subject, server, load, empty)
      @line = line
      @subject = subject
      @server = server
      @load = load
      @opened = server.resident - empty
      @turns = []
    end

    # The time between the load's beginning and its end: neither starting nor connecting is part of it.
    def drive
      Failed.blame(@subject) do
        told = nil
        cost = @server.cost { told = @load.drive }
        @turns << [*cost, *told.fetch_values("operations", "seconds")]
      end
    end

    # @return [Hash{Symbol => Numeric}] what was measured in all turns; see {Measurement#sample}
    def sample
      spent, user, system, operations, seconds = @turns.transpose.map(&:sum)
      kernel = spent * system.fdiv([user + system, 1].max)
      { user: spent - kernel, system: kernel, operations: operations, seconds: seconds, peak: @server.peak,
        footprint: footprint }.compact
    end

    private

    # Of a few connections nothing can be told.
    def footprint
      (@opened * 1024).fdiv(@line.connections) if @line.connections >= 5_000
    end
  end
end
