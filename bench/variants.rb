#!/usr/bin/env ruby
# frozen_string_literal: true

# What this gem's own ways to serve cost against its callbacks: streams, limits, metrics, an installed scheduler.
# All servers are up at once and have their turns, so that what the machine does besides falls on all.
#
#   bench/variants.rb [ROUNDS]

require_relative "harness/lines"
require_relative "harness/rival"
require_relative "harness/descriptors"
require_relative "harness/measurement"
require_relative "harness/statistics"

# Compares lines with the first of their group.
class Variants
  GROUPS = [%i[echo_64 stream_echo_50 echo_64_limited echo_64_metrics echo_64_scheduler],
            %i[echo_64_500 stream_echo_500]].freeze

  def initialize(rounds)
    @rounds = rounds
  end

  def run
    Bench::Load.compile
    Bench::Descriptors.raise_limit
    GROUPS.each { |names| show(Bench.lines.select { |line| names.include?(line.id) }) }
  end

  private

  def show(lines)
    rounds = Array.new(@rounds) { |round| costs(lines.rotate(round)) }
    lines.each do |line|
      ratios = rounds.map { |costs| costs[line] / costs[lines.first] }
      calls = measurement(line).system_calls
      puts format("%-75<title>s %6.2<cost>f us %5.3<ratio>f (%<least>.2f-%<most>.2f) %5.2<calls>f calls",
                  title: line.title, cost: median(rounds.map { |costs| costs[line] }), ratio: median(ratios),
                  least: ratios.min, most: ratios.max, calls: calls)
    end
  end

  # @return [Hash{Bench::Line => Float}] microseconds of CPU time for an operation
  def costs(lines)
    together(lines) do |sessions|
      Bench::Session::TURNS.times { |turn| sessions.values.rotate(turn).each(&:drive) }
      sessions.transform_values(&:sample).transform_values do |sample|
        (sample[:user] + sample[:system]) / sample[:operations] * 1e6
      end
    end
  end

  def together(lines, sessions = {}, &block)
    return yield sessions if lines.empty?

    first, *others = lines
    measurement(first).session { |session| together(others, sessions.merge(first => session), &block) }
  end

  def measurement(line)
    Bench::Measurement.new(line, Bench::OURS)
  end

  def median(figures)
    Bench::Statistics.median(figures)
  end
end

Variants.new(Integer(ARGV.fetch(0, 9))).run
