# frozen_string_literal: true

module Bench
  # A recording as tables in Markdown.
  class Tables
    PICTURE = "![Ratios of all lines to Debian's gem](performance.svg)"
    PERCENTILES = %w[p50 p90 p99 p999 max].freeze

    def initialize(recording)
      @recording = recording
    end

    def to_s
      [PICTURE, provenance, costs, work, rivals, latencies, memory].compact.join("\n\n")
    end

    private

    def provenance
      recording = @recording
      rounds = recording.rounds == 1 ? "1 round" : "#{recording.rounds} rounds"
      took = recording.minutes ? ", #{recording.minutes} minutes" : ""
      "#{recording.machine}; #{recording.date}, #{rounds}#{took}. " \
        "Compared: #{recording.versions.join(', ')}.\n\n" \
        "Geometric mean of the ratios of CPU time, over #{recording.timed.size} lines: " \
        "**#{number(recording.geometric_mean)}**."
    end

    def costs
      heading = ["CPU time for an operation", "this gem, µs", "user + system",
                 "Debian's gem, µs", "user + system", "ratio", "spread"]
      section("CPU time", heading, @recording.timed.map { |result| cost_row(result) })
    end

    def cost_row(result)
      ratio, *spread = result.ratio
      each = %w[ours peer].flat_map do |subject|
        [number(result.cost(subject)), result.parts(subject).map { |part| number(part) }.join(" + ")]
      end
      [result.title, *each, "**#{number(ratio)}**", spread.map { |bound| number(bound) }.join("–")]
    end

    def work
      heading = ["operation", "system calls, this gem", "Debian's gem", "operations a second, this gem",
                 "Debian's gem", "peak memory, this gem", "Debian's gem"]
      section("System calls, throughput, memory", heading, @recording.timed.map { |result| work_row(result) })
    end

    def work_row(result)
      both = ->(&value) { %w[ours peer].map(&value) }
      [result.title, *both.call { |subject| number(result.calls(subject)) },
       *both.call { |subject| grouped(result.throughput(subject)) },
       *both.call { |subject| mebibytes(result.memory(subject, "peak")) }]
    end

    def rivals
      results = @recording.timed.select { |result| (result.subjects - %w[ours peer]).any? }
      return if results.empty?

      subjects = @recording.subjects
      heading = ["CPU time, µs", *subjects.map(&:name)]
      rows = results.map do |result|
        [result.title, *subjects.map { |subject| number(result.on?(subject.id) && result.cost(subject.id)) }]
      end
      section("Rivals", heading, rows)
    end

    def latencies
      results = @recording.timed.select(&:rate)
      return if results.empty?

      heading = ["latency, µs", "operations a second", "subject", "p50", "p90", "p99", "p99.9", "max"]
      section("Latency at a fixed rate", heading, results.flat_map { |result| latency_rows(result) })
    end

    def latency_rows(result)
      @recording.subjects.select { |subject| result.on?(subject.id) }.map do |subject|
        percentiles = PERCENTILES.map { |percentile| grouped(result.latency(subject.id, percentile)) }
        behind = result.latency(subject.id, "unanswered").positive? ? ", which fell behind" : ""
        [result.title, grouped(result.rate), "#{subject.name}#{behind}", *percentiles]
      end
    end

    def memory
      rows = @recording.results.filter_map do |result|
        kinds = %w[ours peer].map { |subject| result.memory(subject, "footprint") }
        [result.title, *kinds.map { |bytes| grouped(bytes) }, number(kinds[0] / kinds[1])] if kinds.all?
      end
      section("Memory of a connection", ["", "this gem, bytes", "Debian's gem", "ratio"], rows) if rows.any?
    end

    def section(title, heading, rows)
      rule = ["---", *["---:"] * (heading.size - 1)]
      lines = [heading, rule, *rows].map { |cells| "| #{cells.join(' | ')} |" }
      "### #{title}\n\n#{lines.join("\n")}"
    end

    def number(value)
      value ? format("%.2f", value).sub(/\A-(0\.00)\z/, '\1') : ""
    end

    def grouped(value)
      value.round.to_s.gsub(/(?<=\d)(?=(\d{3})+\z)/, ",")
    end

    def mebibytes(kibibytes)
      kibibytes ? format("%.0f MiB", kibibytes / 1024) : ""
    end
  end
end
