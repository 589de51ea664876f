# frozen_string_literal: true

module EventMachine
  class Metrics
    # How long what was ready had to wait for the loop: one value for each turn, the time between two looks at what has
    # happened, without the time in which the loop had nothing to do. If a wait took longer than it was to, as happens
    # while other threads have the GVL, that counts, too.
    class Lag
      # @return [Integer] how many values there are
      attr_reader :count
      # @return [Float] all of them, in seconds
      attr_reader :sum
      # @return [Float] the longest, in seconds
      attr_reader :max
      # @return [Array<Array(Float, Integer)>] for each bucket, its upper bound in seconds and how many values it has;
      #   four buckets double a value
      attr_reader :buckets

      # @param buckets [Array<Array(Float, Integer)>]
      # @param sum [Float]
      # @param max [Float]
      def initialize(buckets, sum, max)
        @buckets = buckets.map(&:freeze).freeze
        @count = buckets.sum(&:last)
        @sum = sum
        @max = max
        freeze
      end

      # @return [Float] in seconds; 0.0 without values
      def mean
        @count.zero? ? 0.0 : @sum / @count
      end

      # @param share [Numeric] 50 for the median
      # @return [Float] seconds that so many percent of the values do not exceed, at most 25 percent too high; 0.0
      #   without values
      # @raise [ArgumentError] if it is not from 0 to 100
      def percentile(share)
        raise ArgumentError, "not from 0 to 100: #{share}" unless share.between?(0, 100)

        rank = (share / 100r * @count).ceil.clamp(1, nil)
        seen = 0
        bound, = @buckets.find { |_, count| (seen += count) >= rank }
        [bound || 0.0, @max].min
      end

      # @return [Float] {#percentile} 50
      def p50
        percentile(50)
      end

      # @return [Float] {#percentile} 90
      def p90
        percentile(90)
      end

      # @return [Float] {#percentile} 99
      def p99
        percentile(99)
      end

      # @return [Hash{Symbol => Numeric}]
      def to_h
        { count: @count, mean: mean, p50: p50, p90: p90, p99: p99, max: @max }
      end
    end
  end
end
