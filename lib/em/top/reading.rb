# frozen_string_literal: true

module EventMachine
  module Top
    # The figures of one text in OpenMetrics' format, and their changes since another.
    class Reading
      # A line of the text.
      SAMPLE = /\A(?<name>[a-zA-Z_:]\w*)(?:\{(?<labels>.*)\})? (?<value>\S+)\z/
      # A label in it.
      LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/
      # What stands for characters in values of labels.
      ESCAPED = { "\\n" => "\n", "\\\"" => "\"", "\\\\" => "\\" }.freeze
      # What all names begin with.
      PREFIX = "eventmachine_"

      # @param text [String]
      def initialize(text)
        @samples = Hash.new { |samples, name| samples[name] = [] }
        text.each_line(chomp: true) { |line| add(line) unless line.start_with?("#") }
      end

      # @return [Float] the only value of a name
      def value(name)
        sample = all(name).first
        sample ? sample.last : 0.0
      end

      # @return [Array<Array(Hash{String => String}, Float)>] the values of a name, each with its labels
      def all(name)
        @samples.fetch(PREFIX + name, [])
      end

      # @return [String, nil] a label of the process
      def info(label)
        labels, = all("info").first
        labels && labels[label]
      end

      # @return [Float] by how much a counter has grown; from zero, if there is no former reading or counting has begun
      #   anew since
      def growth(name, former, labels = nil)
        now = pick(name, labels)
        before = former && !restarted?(former) ? former.pick(name, labels) : 0.0
        now - before
      end

      # @return [Float] seconds that the loop ran since
      def seconds(former)
        growth("busy_seconds_total", former) + growth("idle_seconds_total", former)
      end

      # @return [Float] the share of these that it has worked
      def load(former)
        seconds = seconds(former)
        seconds.zero? ? 0.0 : growth("busy_seconds_total", former) / seconds
      end

      # @return [Float] seconds of lag, at most twice as long as what so many percent of the turns since had
      def lag(share, former)
        buckets = all("lag_seconds_bucket").map do |labels, _|
          [labels["le"], growth("lag_seconds_bucket", former, labels)]
        end
        total = buckets.empty? ? 0.0 : buckets.last.last
        bound, = buckets.find { |_, count| count >= total * share / 100.0 }
        return 0.0 if total.zero?

        bound == "+Inf" ? value("lag_max_seconds") : [Float(bound), value("lag_max_seconds")].min
      end

      protected

      def pick(name, labels)
        found = all(name).find { |others, _| labels.nil? || labels == others }
        found ? found.last : 0.0
      end

      private

      def restarted?(former)
        value("turns_total") < former.value("turns_total") || info("pid") != former.info("pid")
      end

      def add(line)
        sample = SAMPLE.match(line) or return
        labels = sample[:labels].to_s.scan(LABEL).to_h.transform_values { |text| text.gsub(/\\./, ESCAPED) }
        value = sample[:value] == "+Inf" ? Float::INFINITY : Float(sample[:value])
        @samples[sample[:name]] << [labels, value]
      end
    end
  end
end
