# frozen_string_literal: true

require_relative "metrics/lag"
require_relative "metrics/slow_calls"
require_relative "metrics/open_metrics"
require_relative "metrics/endpoint"

module EventMachine
  # What {EventMachine.metrics} returns: how the loop was at a time. Counters begin at zero with
  # {EventMachine.enable_metrics}, and go on through all loops of the process.
  class Metrics
    # Callbacks of one kind.
    #
    # @!attribute [r] calls
    #   @return [Integer]
    # @!attribute [r] seconds
    #   @return [Float] what they took together
    Callbacks = Struct.new(:calls, :seconds)

    # Kinds of connections, in the widest sense.
    CONNECTIONS = %i[accepted connecting connected attached child datagram watch process file].freeze
    private_constant :CONNECTIONS

    # @return [Time] when it was
    attr_reader :time
    # @return [Integer] turns of the loop
    attr_reader :turns
    # @return [Hash{Symbol => Callbacks}] callbacks by kind, as {SlowReport#kind}
    attr_reader :callbacks
    # @return [Hash{Symbol => Integer}] connections at that time: `:accepted` by servers, `:connecting`, `:connected`,
    #   `:attached`, `:child` for those to child processes, `:datagram` for sockets of UDP and the like, `:watch` for
    #   watched descriptors, `:process` and `:file` for watched processes and files
    attr_reader :connections
    # @return [Integer] servers
    attr_reader :servers
    # @return [Integer] timers that are to fire
    attr_reader :timers
    # @return [Integer] tasks of {EventMachine.fiber} that have not ended
    attr_reader :tasks
    # @return [Integer] bytes that were read from connections; under TLS those of its records
    attr_reader :bytes_read
    # @return [Integer] bytes that were written to them
    attr_reader :bytes_written
    # @return [Integer] bytes that wait to be written
    attr_reader :bytes_queued
    # @return [Float] seconds that the loop has worked
    attr_reader :busy
    # @return [Float] seconds that it has waited for something to do
    attr_reader :idle
    # @return [Float] the share of the last second or two that it has worked, from 0.0 to 1.0
    attr_reader :load
    # @return [Lag]
    attr_reader :lag
    # @return [Array<Slow>] callbacks that took {#slow_threshold} or longer, those first that took most
    attr_reader :slow
    # @return [Numeric, nil] seconds; nil if metrics were never on
    attr_reader :slow_threshold

    # @param enabled [Boolean]
    # @param figures [Hash{Symbol => Object}] what the native library has counted
    # @param census [Hash{Symbol => Integer}] what there is
    # @param more [Hash{Symbol => Object}] the rest of the attributes
    # @!visibility private
    def initialize(enabled, figures, census, more)
      @enabled = enabled
      @time = Time.now
      @turns, @bytes_read, @bytes_written = figures.values_at(:turns, :bytes_read, :bytes_written)
      @busy, @idle, @load = figures.values_at(:busy, :idle, :load)
      @callbacks = figures[:callbacks].transform_values { |call| Callbacks.new(*call).freeze }.freeze
      @connections = CONNECTIONS.to_h { |kind| [kind, census.fetch(kind, 0)] }.freeze
      @servers, @timers, @bytes_queued = %i[servers timers outbound].map { |name| census.fetch(name, 0) }
      @tasks, @lag, @slow, @slow_threshold = more.values_at(:tasks, :lag, :slow, :slow_threshold)
      freeze
    end

    # @return [Boolean] whether it was counted at that time
    def enabled?
      @enabled
    end

    # @return [Integer] callbacks of all kinds
    def events
      @callbacks.sum { |_, callbacks| callbacks.calls }
    end

    # @return [Hash{Symbol => Object}] all of it, as JSON can have it
    def to_h
      { time: @time.to_f, enabled: @enabled, turns: @turns, events: events, timers: @timers, tasks: @tasks,
        callbacks: @callbacks.transform_values(&:to_h), connections: @connections, servers: @servers,
        bytes_read: @bytes_read, bytes_written: @bytes_written, bytes_queued: @bytes_queued,
        busy: @busy, idle: @idle, load: @load, lag: @lag.to_h, slow: @slow.map(&:to_h),
        slow_threshold: @slow_threshold }
    end

    # @return [String] the text format of OpenMetrics 1.0, which Prometheus and others read
    def to_openmetrics
      OpenMetrics.new(self).to_s
    end

    # @return [String]
    def inspect
      format("#<%s turns=%d events=%d load=%.3f lag.p99=%.6f connections=%d>",
             self.class, @turns, events, @load, @lag.p99, @connections.values.sum)
    end
  end

  @metrics_enabled = false
  @slow_threshold = nil
  @slow_calls = SlowCalls.new

  class << self
    # How the loop is: see {Metrics}. It may be called at any time, from any thread. Without {enable_metrics}, and after
    # {disable_metrics}, nothing more is counted, but connections, timers and tasks are those that there are.
    #
    # @example
    #   EventMachine.enable_metrics
    #   EventMachine.add_periodic_timer(60) { logger.info(EventMachine.metrics.to_h) }
    # @return [Metrics] frozen
    def metrics
      counted = figures
      lag = Metrics::Lag.new(lag_buckets, counted[:lag_sum], counted[:lag_max])
      Metrics.new(@metrics_enabled, counted, census || {},
                  { tasks: tasks.size, lag: lag, slow: @slow_calls.to_a.freeze, slow_threshold: @slow_threshold })
    end

    # Begins to count, from zero. Counting goes on through all loops of the process until {disable_metrics}; in a
    # forked child it begins at zero again. If it is on already, only the threshold changes.
    #
    # @param slow [Numeric] seconds from which on a callback is slow
    # @return [nil]
    # @raise [ArgumentError, TypeError] as {on_slow}
    def enable_metrics(slow: 0.1)
      @slow_threshold = not_negative(slow, "threshold")
      @slow_calls = SlowCalls.new unless @metrics_enabled
      @metrics_enabled = true
      update_metering
      nil
    end

    # Ends counting. {metrics} still has what was counted.
    #
    # @return [nil]
    def disable_metrics
      @metrics_enabled = false
      update_metering
      nil
    end

    # @return [Boolean]
    def metrics_enabled?
      @metrics_enabled
    end

    # Begins at zero again.
    #
    # @return [nil]
    def reset_metrics
      @slow_calls = SlowCalls.new
      reset_figures
      nil
    end

    # Serves {Metrics#to_openmetrics} by HTTP on a Unix socket, for `eventmachine-top` and for scrapers, and calls
    # {enable_metrics} unless it was called. A file that a process which has ended left in its place is replaced. The
    # file is removed when the server is stopped, which the end of the loop does. It does not keep a loop alive that
    # runs until it is idle, nor do those who ask: see {unref}.
    #
    # @example
    #   EventMachine.run { EventMachine.serve_metrics("/run/chat/metrics.sock") }
    # @param path [String] of the socket
    # @param mode [Integer] the file's permissions; by default only for the user that the process runs as
    # @return [Integer] the server's signature, for {stop_server}
    # @raise [Errno::EADDRINUSE] if another process listens there
    # @raise [Errno::EEXIST] if there is a file that is no socket
    # @raise [RuntimeError] if there can be no socket, or no reactor runs
    # @raise [ArgumentError, TypeError] if the mode is none
    def serve_metrics(path, mode: 0o600)
      require_reactor(:serve_metrics)
      server = MetricsEndpoint.listen(path, mode)
      enable_metrics unless @metrics_enabled
      unref(server)
    end

    private

    def count_slow(report)
      @slow_calls.add(report) if @metrics_enabled && report.seconds >= @slow_threshold
    end

    # The native library times callbacks for the lowest threshold.
    def update_metering
      thresholds = @slow_watches.map(&:threshold)
      thresholds << @slow_threshold if @metrics_enabled
      set_metering(@metrics_enabled, thresholds.min&.to_f)
    end
  end
end
