# frozen_string_literal: true

require "json"

require_relative "result"

module Bench
  # The results of a whole run, as they were recorded.
  class Recording
    # A subject, as it is named in tables.
    Subject = Struct.new(:id, :name, :version)

    def self.read(file)
      new(JSON.parse(File.read(file, encoding: "UTF-8")))
    end

    def initialize(record)
      @record = record
    end

    # @return [Array<Result>]
    def results
      @results ||= @record.fetch("lines").map { |line| Result.new(line) }
    end

    # @return [Array<Result>] those of CPU time
    def timed
      results.reject(&:memory?)
    end

    # @return [Array<Subject>]
    def subjects
      @record.fetch("subjects").map { |subject| Subject.new(*subject.fetch_values("id", "name", "version")) }
    end

    # @return [Float] the mean over all lines of CPU time
    def geometric_mean
      Statistics.geometric_mean(timed.map { |result| result.ratio.first })
    end

    def machine
      @record.fetch("machine")
    end

    # @return [String] the day
    def date
      @record.fetch("date")[0, 10]
    end

    def rounds
      @record.fetch("rounds")
    end

    # @return [Array<String>] what was compared, with versions
    def versions
      subjects.map { |subject| "#{subject.name} #{subject.version}" }
    end

    # @return [Integer, nil] how long it all took
    def minutes
      seconds = @record.fetch("lines").filter_map { |line| line["took"] }
      (seconds.sum / 60).ceil if seconds.any?
    end
  end
end
