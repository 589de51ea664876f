# frozen_string_literal: true

require_relative "statistics"

module Bench
  # What was measured of one line, as it is recorded.
  class Result
    # @param record [Hash{String => Object}] id, title, memory, and subjects: for each a Hash of samples
    #   and latencies, a Hash for each round, and calls; rate
    def initialize(record)
      @record = record
    end

    def id
      @record.fetch("id")
    end

    def title
      @record.fetch("title")
    end

    # @return [Boolean] whether it is about memory, not about time
    def memory?
      @record.fetch("memory")
    end

    # @return [Array<String>] the ids of the subjects that it was measured on
    def subjects
      @record.fetch("subjects").keys
    end

    def on?(subject)
      subjects.include?(subject)
    end

    # @return [Float] microseconds of CPU time for an operation, or bytes for a connection
    def cost(subject)
      Statistics.median(costs(subject))
    end

    # @return [Array(Float, Float)] the part of the program, and that of the kernel
    def parts(subject)
      %w[user system].map { |part| Statistics.median(per_operation(subject) { |sample| sample[part] }) }
    end

    # @return [Array<Float>] median, least and largest ratio of a subject's cost to the peer's, round by round
    def ratio(subject = "ours")
      ratios = Statistics.ratios(costs(subject), costs("peer"))
      [Statistics.median(ratios), *ratios.minmax]
    end

    # @return [Float, nil] system calls for an operation
    def calls(subject)
      subject(subject)["calls"]
    end

    # @return [Float] operations a second
    def throughput(subject)
      Statistics.median(samples(subject).map { |sample| sample["operations"] / sample["seconds"] })
    end

    # @return [Integer, nil] the operations a second that latencies were measured at
    def rate
      @record["rate"]
    end

    # @return [Float] the median of a percentile of latency, in microseconds, or of unanswered messages
    def latency(subject, percentile)
      Statistics.median(subject(subject).fetch("latencies").map { |latencies| latencies.fetch(percentile) })
    end

    # @return [Float, nil] the median of KiB of memory at most, or of bytes for a connection
    def memory(subject, kind)
      values = samples(subject).filter_map { |sample| sample[kind] }
      Statistics.median(values) if values.any?
    end

    private

    def subject(id)
      @record.fetch("subjects").fetch(id)
    end

    def samples(subject)
      subject(subject).fetch("samples")
    end

    def costs(subject)
      return samples(subject).map { |sample| sample["footprint"] } if memory?

      per_operation(subject) { |sample| sample["user"] + sample["system"] }
    end

    def per_operation(subject)
      samples(subject).map { |sample| yield(sample) / sample["operations"] * 1e6 }
    end
  end
end
