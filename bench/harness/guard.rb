# frozen_string_literal: true

require_relative "figures"

module Bench
  # Compares figures with those of a table.
  class Guard
    # By how much of itself, and by how much besides, a figure may exceed the table's. Instructions depend a
    # little on where things lie in memory; a loop turns once more or less.
    MARGINS = { "instructions" => [0.03, 10], "calls" => [0.02, 0.02], "allocations" => [0.02, 0.02],
                "objects" => [0.02, 0.1] }.freeze

    # Periodic timers come due in more or fewer turns of the loop, as the clock has it, and each turn has
    # objects of its own. What a proxy passes on, TCP delivers in more or fewer pieces, each a string of its own:
    # 23 to 26 on an idle machine, 32 reads of 16 KiB at most, and each read has its write.
    BESIDES = { %w[timer_periodic objects] => 0.6, %w[proxy calls] => 8, %w[proxy allocations] => 8,
                %w[proxy objects] => 8 }.freeze

    # A figure that is not as it should be.
    Finding = Struct.new(:line, :kind, :expected, :measured) do
      def to_s
        format("%<line>s: %<kind>s for an operation: expected %<expected>.2f, measured %<measured>.2f", to_h)
      end
    end

    # @param expected [Hash{String => Hash{String => Float}}] figures by line and kind
    def initialize(expected)
      @expected = expected
    end

    # @param measured [Hash{String => Hash{String => Float}}]
    # @return [Array<Finding>] what has become dearer
    def losses(measured)
      findings(measured) { |figure, expected, margin| figure > expected + margin }
    end

    # @return [Array<Finding>] what has become cheaper, so that the table no longer guards it
    def gains(measured)
      findings(measured) { |figure, expected, margin| figure < expected - margin }
    end

    # @return [Array<String>] a line of text for each line, with a heading
    def table(measured)
      kinds = measured.values.first.keys
      heading = ["%-18s" % "for an operation", *kinds.map { |kind| "%12s         " % kind }].join.rstrip
      [heading, *measured.map { |line, figures| row(line, figures) }]
    end

    private

    def findings(measured)
      measured.flat_map do |line, figures|
        figures.filter_map do |kind, figure|
          expected = @expected.fetch(line, {})[kind] or next Finding.new(line, kind, 0, figure)
          Finding.new(line, kind, expected, figure) if yield(figure, expected, margin(line, kind, expected))
        end
      end
    end

    def margin(line, kind, expected)
      part, besides = MARGINS.fetch(kind)
      expected * part + BESIDES.fetch([line, kind], besides)
    end

    def row(line, figures)
      cells = figures.map do |kind, figure|
        expected = @expected.dig(line, kind)
        format("%<figure>12.2f%<change>9s", figure: figure, change: change(figure, expected))
      end
      ["%-18s" % line, *cells].join.rstrip
    end

    def change(figure, expected)
      return "" if expected.nil? || expected.abs < 0.005

      format("%+.1f %%", (figure / expected - 1) * 100)
    end
  end
end
