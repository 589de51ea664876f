# frozen_string_literal: true

require_relative "slow_report"

module EventMachine
  # Reports slow callbacks until it is cancelled: what {EventMachine.on_slow} returns.
  class SlowWatch
    # @return [Numeric] seconds
    attr_reader :threshold

    # @param threshold [Numeric] seconds
    # @param callback [#call]
    def initialize(threshold, callback)
      @threshold = threshold
      @callback = callback
    end

    # Ends the reports.
    #
    # @return [Boolean] false if they have ended before
    def cancel
      EventMachine.__send__(:forget_slow_watch, self)
    end

    # @return [Boolean] whether it is not cancelled
    def active?
      EventMachine.__send__(:slow_watches).include?(self)
    end

    private

    def report(slow)
      @callback.call(slow) if slow.seconds >= @threshold && active?
    end
  end

  @slow_watches = [].freeze

  class << self
    # Calls a block after each callback that took long: nothing else ran meanwhile. It may be called at any time, from
    # any thread, and stays in effect for all loops and in forked children, until it is cancelled. Callbacks are timed
    # only while somebody asks for that; a turn of the loop then costs two looks at the clock for each.
    #
    # The block is called in the reactor's thread. What it raises goes where exceptions of callbacks go.
    #
    # @example
    #   EventMachine.on_slow(0.05) { |report| logger.warn(report.to_s) }
    # @param threshold [Numeric] seconds from which on a callback is slow
    # @param callback [#call, nil] what to call; the block, if nil
    # @yieldparam report [SlowReport]
    # @return [SlowWatch] to be cancelled
    # @raise [ArgumentError] if there is nothing to call, or the threshold is negative
    # @raise [TypeError] if the threshold is no number
    def on_slow(threshold = 0.1, callback = nil, &block)
      callback ||= block
      raise ArgumentError, "no proc or block given" unless callback.respond_to?(:call)

      watch = SlowWatch.new(not_negative(threshold, "threshold"), callback)
      @slow_watches = [*@slow_watches, watch].freeze
      update_metering
      watch
    end

    private

    attr_reader :slow_watches

    def forget_slow_watch(watch)
      return false unless @slow_watches.include?(watch)

      @slow_watches = (@slow_watches - [watch]).freeze
      update_metering
      true
    end

    # The loop calls this for what took as long as the lowest threshold, or longer. All are told, whatever one raises.
    def report_slow(kind, object, seconds)
      slow = SlowReport.new(kind, object, seconds)
      count_slow(slow)
      failures = @slow_watches.filter_map { |watch| failure_of { watch.__send__(:report, slow) } }
      raise failures.first if failures.any?
    end

    # As {run_deferred_callbacks}, with each call timed.
    def run_timed_callbacks
      adopt_inherited_machine if @machine_inherited
      @resultqueue.size.times { deliver_timed(*@resultqueue.pop) } if @resultqueue
      ticks = @next_tick_queue.size
      ticks.times do
        tick = @next_tick_queue.shift
        timed(:next_tick, tick) { tick.call } if tick
      end
    ensure
      wake_reactor unless deferred_callbacks_empty?
    end

    def deliver_timed(callback, result, _)
      timed(:defer, callback) { callback.call(result) if callback }
    end

    def timed(kind, object)
      begun = Process.clock_gettime(Process::CLOCK_MONOTONIC)
      yield
      returned = true
    ensure
      seconds = Process.clock_gettime(Process::CLOCK_MONOTONIC) - begun
      failure = failure_of { report_slow(kind, object, seconds) } if count_callback(kind.name, seconds)
      # What the callback itself has raised goes on its way.
      raise failure if failure && returned
    end
  end
end
