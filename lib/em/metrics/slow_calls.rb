# frozen_string_literal: true

module EventMachine
  class Metrics
    # Slow callbacks of one kind and name.
    #
    # @!attribute [r] kind
    #   @return [Symbol] as {SlowReport#kind}
    # @!attribute [r] name
    #   @return [String] as {SlowReport#name}
    # @!attribute [r] calls
    #   @return [Integer]
    # @!attribute [r] seconds
    #   @return [Float] what they took together
    # @!attribute [r] longest
    #   @return [Float] the longest
    Slow = Struct.new(:kind, :name, :calls, :seconds, :longest)
  end

  # Slow callbacks by kind and name. Of more names than can be told apart, the rest has one.
  class SlowCalls
    # How many there are at most.
    LIMIT = 100
    # The name of the rest.
    OTHERS = "others"

    def initialize
      @calls = {}
    end

    # @param report [SlowReport]
    # @return [void]
    def add(report)
      key = [report.kind, report.name]
      key = [report.kind, OTHERS] unless @calls.key?(key) || @calls.size < LIMIT
      slow = (@calls[key] ||= Metrics::Slow.new(*key, 0, 0.0, 0.0))
      slow.calls += 1
      slow.seconds += report.seconds
      slow.longest = [slow.longest, report.seconds].max
    end

    # @return [Array<Slow>] those first that took longest
    def to_a
      @calls.values.map { |slow| slow.dup.freeze }.sort_by { |slow| -slow.seconds }
    end
  end
  private_constant :SlowCalls
end
