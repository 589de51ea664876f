# frozen_string_literal: true

require_relative "result"

module Bench
  # Shows results while they come.
  class Progress
    FORMAT = "%-48s %9s %9s %6s %-12s %7s %7s"
    HEADING = ["operation", "this gem", "Debian's", "ratio", "spread", "calls", "calls"].freeze

    def initialize(output = $stdout)
      @output = output
      @ratios = []
    end

    def heading
      row(HEADING)
    end

    # @param result [Result]
    def add(result)
      ratio, least, most = result.ratio
      @ratios << ratio unless result.memory?
      calls = %w[ours peer].map { |subject| number(result.calls(subject)) }
      costs = %w[ours peer].map { |subject| cost(result, subject) }
      row([result.title, *costs, number(ratio), "#{number(least)}–#{number(most)}", *calls])
      others(result)
    end

    def summary
      return if @ratios.empty?

      mean = Statistics.geometric_mean(@ratios)
      @output.puts "", "Geometric mean of the ratios of CPU time: #{number(mean)}"
    end

    private

    def others(result)
      rivals = result.subjects - %w[ours peer]
      costs = rivals.map { |subject| "#{subject} #{cost(result, subject)}" }
      @output.puts "    #{costs.join(', ')}" if costs.any?
    end

    def cost(result, subject)
      number(result.cost(subject)) + (result.memory? ? " B" : " µs")
    end

    def row(cells)
      @output.puts format(FORMAT, *cells).rstrip
      @output.flush
    end

    def number(value)
      value ? format("%.2f", value) : ""
    end
  end
end
