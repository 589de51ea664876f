# frozen_string_literal: true

module EventMachine
  module Top
    # What is shown of a reading, line by line.
    class Page
      # Units.
      BYTES = %w[B KiB MiB GiB TiB].freeze

      # @param path [String]
      # @param reading [Reading]
      # @param former [Reading, nil] what changes are reckoned from; the beginning, if nil
      def initialize(path, reading, former = nil)
        @path = path
        @reading = reading
        @former = former
        @seconds = reading.seconds(former)
      end

      # @return [Array<String>]
      def lines
        [heading, "", load, turns, traffic, connections, "", *callbacks, "", *slow]
      end

      private

      def heading
        since = @former ? "in the last #{format('%.1f', @seconds)} s" : "since counting began, #{@seconds.round} s"
        "eventmachine #{@reading.info('version')}   pid #{@reading.info('pid')}   #{since}   #{@path}"
      end

      def load
        lags = [50, 99].map { |share| "p#{share} #{time(@reading.lag(share, @former))}" }
        format("load %.1f %%   lag %s   longest ever %s", @reading.load(@former) * 100, lags.join("  "),
               time(@reading.value("lag_max_seconds")))
      end

      def turns
        calls = @reading.all("callbacks_total").sum { |labels, _| growth("callbacks_total", labels) }
        "turns #{rate(growth('turns_total'))}   callbacks #{rate(calls)}"
      end

      def traffic
        read, written = %w[read written].map { |way| bytes(per_second(growth("#{way}_bytes_total"))) }
        "read #{read}/s   written #{written}/s   waiting to be written #{bytes(@reading.value('queued_bytes'))}"
      end

      def connections
        kinds = @reading.all("connections").reject { |_, count| count.zero? }
        counts = kinds.map { |labels, count| "#{labels['kind']} #{count.to_i}" }
        counts += %w[servers timers tasks].map { |name| "#{name} #{@reading.value(name).to_i}" }
        counts.join("   ")
      end

      def callbacks
        rows = @reading.all("callbacks_total").map { |labels, _| callback(labels) }
        rows = rows.reject { |_, count, _| count.zero? }.sort_by { |_, _, seconds| -seconds }
        header = format("%-24s %12s %10s %10s", "callbacks", "a second", "time", "each")
        [header, *rows.map { |kind, count, seconds| row(kind, count, seconds) }]
      end

      def callback(labels)
        [labels["kind"], growth("callbacks_total", labels), growth("callback_seconds_total", labels)]
      end

      def row(kind, count, seconds)
        share = @seconds.zero? ? 0.0 : seconds / @seconds * 100
        format("%-24s %12.1f %8.1f %% %10s", kind, per_second(count), share, time(seconds / count))
      end

      # Those that were slow at any time: they are few, and it is they who are looked for.
      def slow
        threshold = time(@reading.value("slow_threshold_seconds"))
        rows = @reading.all("slow_callbacks_total")
        return ["no callback took #{threshold} or longer"] if rows.empty?

        header = format("%-24s %8s %10s  %s", "slow, #{threshold} or more", "calls", "each", "who")
        [header, *rows.map { |labels, count| slow_row(labels, count) }]
      end

      def slow_row(labels, count)
        seconds = @reading.growth("slow_callback_seconds_total", nil, labels)
        format("%-24s %8d %10s  %s", labels["kind"], count, time(seconds / count), labels["name"])
      end

      def growth(name, labels = nil)
        @reading.growth(name, @former, labels)
      end

      def per_second(count)
        @seconds.zero? ? 0.0 : count / @seconds
      end

      def rate(count)
        format("%.1f/s", per_second(count))
      end

      def time(seconds)
        return format("%.2f s", seconds) if seconds >= 1

        seconds >= 0.001 ? format("%.1f ms", seconds * 1000) : format("%.0f µs", seconds * 1_000_000)
      end

      def bytes(count)
        unit = count < 1 ? 0 : [(Math.log2(count) / 10).floor, BYTES.size - 1].min
        format(unit.zero? ? "%.0f %s" : "%.1f %s", count / (1024.0**unit), BYTES[unit])
      end
    end
  end
end
