# frozen_string_literal: true

module Bench
  # The results as a table in Markdown.
  class Table
    HEADING = ["operation", "this gem, µs", "Debian's gem, µs", "ratio", "spread of the ratio",
               "system calls, this gem", "Debian's gem"].freeze

    def self.median(numbers)
      sorted = numbers.sort
      (sorted[(sorted.size - 1) / 2] + sorted[sorted.size / 2]) / 2.0
    end

    def initialize(output = $stdout)
      @output = output
      @ratios = []
    end

    def heading
      row(HEADING)
      row(["---"] + ["---:"] * (HEADING.size - 1))
    end

    # @param costs [Hash{Subject => Array<Cost>}] one for each round
    # @param calls [Hash{Subject => Float}] system calls for an operation
    def add(line, costs, calls)
      ours, upstream = costs.fetch_values(OURS, UPSTREAM).map { |rounds| rounds.map(&:per_operation) }
      ratios = ours.zip(upstream).map { |mine, theirs| mine / theirs }
      @ratios << self.class.median(ratios)
      times = [ours, upstream].map { |rounds| self.class.median(rounds) }
      spread = ratios.minmax.map { |ratio| number(ratio) }.join("–")
      row([line.title, *[*times, @ratios.last].map { |value| number(value) }, spread,
           *calls.fetch_values(OURS, UPSTREAM).map { |value| number(value) }])
    end

    def summary
      return if @ratios.empty?

      mean = Math.exp(@ratios.sum { |ratio| Math.log(ratio) } / @ratios.size)
      @output.puts "", "Geometric mean of the ratios: #{number(mean)}"
    end

    private

    def row(cells)
      @output.puts "| #{cells.join(' | ')} |"
      @output.flush
    end

    def number(value)
      format("%.2f", value)
    end
  end
end
