# frozen_string_literal: true

module Bench
  # What is made of numbers from several rounds.
  module Statistics
    module_function

    # @return [Float] the middle one, or the mean of the two in the middle
    def median(numbers)
      raise ArgumentError, "nothing was measured" if numbers.empty?

      sorted = numbers.sort
      (sorted[(sorted.size - 1) / 2] + sorted[sorted.size / 2]) / 2.0
    end

    # @return [Float] the mean that a doubled and a halved cost leave alone
    def geometric_mean(numbers)
      raise ArgumentError, "nothing was measured" if numbers.empty?

      Math.exp(numbers.sum { |number| Math.log(number) } / numbers.size)
    end

    # @return [Array<Float>] of each round
    def ratios(numbers, others)
      numbers.zip(others).filter_map { |number, other| number.fdiv(other) if other }
    end
  end
end
