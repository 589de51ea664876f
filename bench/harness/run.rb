# frozen_string_literal: true

require_relative "measurement"
require_relative "result"

module Bench
  # Measures one line on all subjects that it is for, in turn.
  class Run
    # @param rounds [Integer] how often; rivals, of which no target speaks, less often
    def initialize(line, subjects, rounds:)
      @line = line
      @subjects = subjects.select { |subject| subject.runs?(line) }
      @rounds = rounds
    end

    # @return [Hash{String => Object}] what is recorded, as {Result} takes it
    def record
      @measured = @subjects.to_h { |subject| [subject.id.to_s, { "samples" => [], "latencies" => [] }] }
      take_samples
      count_system_calls unless @line.memory?
      rate = measure_latencies if @line.server?
      { "id" => @line.id.to_s, "title" => @line.title, "memory" => @line.memory?, "rate" => rate,
        "operations" => @line.operations, "subjects" => @measured }.compact
    end

    private

    def take_samples
      @rounds.times do |round|
        in_turn(at_round(round)) do |measurement, measured|
          measured["samples"] << measurement.sample.transform_keys(&:to_s)
        end
      end
    end

    def at_round(round)
      @subjects.reject { |subject| subject.rival? && round.positive? && round >= @rounds - 2 }
    end

    # A rival that fails is left out; without one of the gems there is nothing to tell.
    def in_turn(subjects)
      subjects.each do |subject|
        yield Measurement.new(@line, subject), @measured.fetch(subject.id.to_s)
      rescue Failed => error
        raise unless subject.rival?

        warn error.message
        @subjects -= [subject]
        @measured.delete(subject.id.to_s)
      end
    end

    def count_system_calls
      in_turn(@subjects) { |measurement, measured| measured["calls"] = measurement.system_calls }
    end

    # @return [Integer] operations a second: half of what the peer does where it is asked for all it can
    def measure_latencies
      result = Result.new("id" => @line.id.to_s, "title" => @line.title, "memory" => false,
                          "subjects" => @measured)
      rate = [result.throughput("peer") / 2, 1].max.round
      @rounds.times do |round|
        in_turn(at_round(round)) { |measurement, measured| measured["latencies"] << measurement.latency(rate) }
      end
      rate
    end
  end
end
