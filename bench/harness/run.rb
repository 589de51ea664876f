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
      @measured = @subjects.to_h { |subject| [subject.id.to_s, { "samples" => samples[subject] }] }
      count_system_calls unless @line.memory?
      rate = measure_latencies if @line.server?
      { "id" => @line.id.to_s, "title" => @line.title, "memory" => @line.memory?, "rate" => rate,
        "operations" => @line.operations, "subjects" => @measured }.compact
    end

    private

    def samples
      @samples ||= Hash.new { |hash, subject| hash[subject] = [] }.tap do |samples|
        @rounds.times do |round|
          at_round(round).each { |subject| samples[subject] << sample(subject) }
        end
      end
    end

    def at_round(round)
      @subjects.reject { |subject| subject.rival? && round.positive? && round >= @rounds - 2 }
    end

    def sample(subject)
      Measurement.new(@line, subject).sample.transform_keys(&:to_s)
    end

    def count_system_calls
      @subjects.each do |subject|
        @measured[subject.id.to_s]["calls"] = Measurement.new(@line, subject).system_calls
      end
    end

    # @return [Integer] operations a second: half of what the peer does where it is asked for all it can
    def measure_latencies
      result = Result.new("id" => @line.id.to_s, "title" => @line.title, "memory" => false,
                          "subjects" => @measured)
      rate = [result.throughput("peer") / 2, 1].max.round
      @subjects.each do |subject|
        @measured[subject.id.to_s]["latency"] = Measurement.new(@line, subject).latency(rate)
      end
      rate
    end
  end
end
