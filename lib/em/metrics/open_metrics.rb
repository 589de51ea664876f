# frozen_string_literal: true

require "em/version"

module EventMachine
  # Writes the text format of OpenMetrics 1.0.
  class OpenMetrics
    # The type of the text in MIME.
    TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"
    # Of the four buckets that double a value, one is told.
    STEP = 4
    # How characters stand in values of labels.
    ESCAPED = { "\\" => "\\\\", "\"" => "\\\"", "\n" => "\\n" }.freeze

    # @param metrics [Metrics]
    def initialize(metrics)
      @metrics = metrics
      @text = +""
    end

    # @return [String]
    def to_s
      @text.clear
      write_process
      write_loop
      write_traffic
      write_lag
      write_slow
      @text << "# EOF\n"
    end

    private

    def write_process
      family("eventmachine", "info", "The library and the process.") do
        sample("eventmachine_info", 1, version: VERSION, pid: Process.pid)
      end
      gauge("eventmachine_connections", "What the loop looks after, by kind.", @metrics.connections, :kind)
      gauge("eventmachine_servers", "Servers.", @metrics.servers)
      gauge("eventmachine_timers", "Timers that are to fire.", @metrics.timers)
      gauge("eventmachine_tasks", "Fibers that have not ended.", @metrics.tasks)
    end

    def write_loop
      counter("eventmachine_turns", "Turns of the loop.", @metrics.turns)
      counter("eventmachine_callbacks", "Callbacks, by kind.",
              @metrics.callbacks.transform_values(&:calls), :kind)
      counter("eventmachine_callback_seconds", "What callbacks took, by kind.",
              @metrics.callbacks.transform_values(&:seconds), :kind, unit: "seconds")
      counter("eventmachine_busy_seconds", "How long the loop has worked.", @metrics.busy, unit: "seconds")
      counter("eventmachine_idle_seconds", "How long the loop has waited.", @metrics.idle, unit: "seconds")
      gauge("eventmachine_load_ratio", "The share of the last second or two that the loop has worked.",
            @metrics.load, unit: "ratio")
    end

    def write_traffic
      counter("eventmachine_read_bytes", "Bytes read from connections.", @metrics.bytes_read, unit: "bytes")
      counter("eventmachine_written_bytes", "Bytes written to connections.", @metrics.bytes_written, unit: "bytes")
      gauge("eventmachine_queued_bytes", "Bytes that wait to be written.", @metrics.bytes_queued, unit: "bytes")
    end

    def write_lag
      lag = @metrics.lag
      name = "eventmachine_lag_seconds"
      family(name, "histogram", "How long what was ready had to wait, in each turn.", "seconds") do
        seen = 0
        lag.buckets.each_with_index do |(bound, count), index|
          seen += count
          last = bound.infinite?
          sample("#{name}_bucket", seen, le: last ? "+Inf" : bound) if last || (index % STEP).zero?
        end
        sample("#{name}_count", lag.count)
        sample("#{name}_sum", lag.sum)
      end
      gauge("eventmachine_lag_max_seconds", "The longest of these.", lag.max, unit: "seconds")
    end

    def write_slow
      slow_family("eventmachine_slow_callbacks", "Callbacks that took too long.", :calls)
      slow_family("eventmachine_slow_callback_seconds", "What these took.", :seconds, "seconds")
      return unless @metrics.slow_threshold

      gauge("eventmachine_slow_threshold_seconds", "How long is too long.", @metrics.slow_threshold, unit: "seconds")
    end

    def slow_family(name, help, value, unit = nil)
      family(name, "counter", help, unit) do
        @metrics.slow.each { |slow| sample("#{name}_total", slow[value], kind: slow.kind, name: slow.name) }
      end
    end

    def counter(name, help, values, label = nil, unit: nil)
      family(name, "counter", help, unit) { samples("#{name}_total", values, label) }
    end

    def gauge(name, help, values, label = nil, unit: nil)
      family(name, "gauge", help, unit) { samples(name, values, label) }
    end

    def family(name, type, help, unit = nil)
      @text << "# TYPE #{name} #{type}\n"
      @text << "# UNIT #{name} #{unit}\n" if unit
      @text << "# HELP #{name} #{help}\n"
      yield
    end

    def samples(name, values, label)
      return sample(name, values) unless label

      values.each { |key, value| sample(name, value, label => key) }
    end

    def sample(name, value, **labels)
      pairs = labels.map { |label, text| "#{label}=\"#{escape(text.to_s)}\"" }
      value = value.to_f unless value.is_a?(Integer)
      @text << name << (pairs.empty? ? "" : "{#{pairs.join(',')}}") << " #{value}\n"
    end

    # The text is UTF-8, in whatever encoding a program has its names.
    def escape(text)
      text.encode(Encoding::UTF_8, invalid: :replace, undef: :replace).scrub.gsub(/[\\"\n]/, ESCAPED)
    end
  end
  private_constant :OpenMetrics
end
