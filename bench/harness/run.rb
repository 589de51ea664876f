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
        subjects = at_round(round)
        next sample_servers(subjects) if @line.server?

        in_turn(subjects) { |subject| add_sample(subject, measurement(subject).sample) }
      end
    end

    # All servers are up at once and have their turns, each time another first.
    def sample_servers(subjects)
      without_failing_rivals(subjects) do |left|
        samples = together(left) do |sessions|
          Session::TURNS.times { |turn| sessions.values.rotate(turn).each(&:drive) }
          sessions.transform_values(&:sample)
        end
        samples.each { |subject, sample| add_sample(subject, sample) }
      end
    end

    def together(subjects, sessions = {}, &block)
      return yield sessions if subjects.empty?

      first, *others = subjects
      measurement(first).session { |session| together(others, sessions.merge(first => session), &block) }
    end

    def add_sample(subject, sample)
      measured(subject)["samples"] << sample.transform_keys(&:to_s)
    end

    def measurement(subject)
      Measurement.new(@line, subject)
    end

    def measured(subject)
      @measured.fetch(subject.id.to_s)
    end

    def at_round(round)
      @subjects.reject { |subject| subject.rival? && round.positive? && round >= @rounds - 2 }
    end

    def in_turn(subjects, &block)
      subjects.each { |subject| without_failing_rivals([subject]) { |left| left.each(&block) } }
    end

    # A rival that fails is left out, and the block is tried without it; without one of the gems there is
    # nothing to tell.
    def without_failing_rivals(subjects)
      yield subjects
    rescue Failed => error
      raise unless error.subject.rival?

      warn "#{@line.id}: #{error.message}"
      @subjects -= [error.subject]
      subjects -= [error.subject]
      @measured.delete(error.subject.id.to_s)
      retry
    end

    def count_system_calls
      in_turn(@subjects) { |subject| measured(subject)["calls"] = measurement(subject).system_calls }
    end

    # @return [Integer] operations a second: half of what the peer does where it is asked for all it can
    def measure_latencies
      result = Result.new("id" => @line.id.to_s, "title" => @line.title, "memory" => false,
                          "subjects" => @measured)
      rate = [result.throughput("peer") / 2, 1].max.round
      @rounds.times do |round|
        in_turn(at_round(round)) do |subject|
          measured(subject)["latencies"] << measurement(subject).latency(rate)
        end
      end
      rate
    end
  end
end
