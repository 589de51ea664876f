# frozen_string_literal: true

module EventMachine
  # Calls something at a point of the loop or of the process: see {EventMachine.on_idle}, {EventMachine.before_wait},
  # {EventMachine.after_wait} and {EventMachine.on_fork}.
  class Hook < Watch
    # Points of the loop's turn, each with the bit by which the native library knows it.
    POINTS = { before_wait: 1, after_wait: 2, on_idle: 4 }.freeze
    private_constant :POINTS

    # @param point [Symbol] `:before_wait`, `:after_wait`, `:on_idle` or `:on_fork`
    # @param callback [#call, nil] what to call; the block, if nil
    # @raise [ArgumentError] if there is no such point
    # @raise [RuntimeError] when no reactor runs
    def initialize(point, callback = nil, &block)
      raise ArgumentError, "no point to call at: #{point.inspect}" unless point == :on_fork || POINTS.key?(point)

      EventMachine.__send__(:require_reactor, point)
      super(callback || block)
      @bit = POINTS[point]
      EventMachine.schedule { EventMachine.__send__(:add_hook, self, @bit) if active? } if @bit
    end

    private

    # It may have been cancelled by one that was called before.
    def run
      occur if active?
    end

    def release
      EventMachine.__send__(:remove_hook, self, @bit) if @bit
    end

    def forked
      occur unless @bit
    end
  end

  @hooks = {}

  class << self
    # Calls something in each child that is forked, before `fork` returns there, to close what the parent uses on,
    # or to seed a generator of random numbers. What it raises leaves `fork`. The other watches of the parent have
    # ended in the child by then, or end; the loop may be used only by a child that goes on with it.
    #
    # @example
    #   EventMachine.on_fork { Cache.connection.close }
    # @param callback [#call, nil] what to call; the block, if nil
    # @return [Hook]
    # @raise [RuntimeError] when no reactor runs
    def on_fork(callback = nil, &block)
      Hook.new(:on_fork, callback, &block)
    end

    # Calls something in each turn of the loop in which nothing else happened. While there is such a hook, the loop
    # does not sleep, and takes a whole processor: cancel it when there is nothing left to do.
    #
    # @example
    #   sweep = EventMachine.on_idle { sweep.cancel unless Cache.sweep_some }
    # @param callback [#call, nil] what to call; the block, if nil
    # @return [Hook]
    # @raise [RuntimeError] when no reactor runs
    def on_idle(callback = nil, &block)
      Hook.new(:on_idle, callback, &block)
    end

    # Calls something in each turn of the loop after timers, before it looks or waits for what else happens. It is
    # the place to hand over what another library has collected.
    #
    # @param callback [#call, nil] what to call; the block, if nil
    # @return [Hook]
    # @raise [RuntimeError] when no reactor runs
    def before_wait(callback = nil, &block)
      Hook.new(:before_wait, callback, &block)
    end

    # Calls something in each turn of the loop once it has looked or waited, before it calls anything for what
    # happened meanwhile.
    #
    # @param callback [#call, nil] what to call; the block, if nil
    # @return [Hook]
    # @raise [RuntimeError] when no reactor runs
    def after_wait(callback = nil, &block)
      Hook.new(:after_wait, callback, &block)
    end

    # The time at which the current turn of the loop began, as {current_time}. {update_now} makes it that of now.
    #
    # @return [Time]
    # @raise [RuntimeError] when no reactor runs
    def loop_now
      require_reactor("loop_now")
      current_time
    end

    private

    # Calls all hooks of a point, whatever one of them raises. The loop calls this.
    def run_hooks(bit)
      failures = @hooks.fetch(bit, []).filter_map { |hook| failure_of { hook.__send__(:run) } }
      raise failures.first if failures.any?
    end

    def add_hook(hook, bit)
      @hooks[bit] = [*@hooks[bit], hook]
      set_hooks(@hooks.keys.sum)
    end

    def remove_hook(hook, bit)
      rest = @hooks.fetch(bit, []) - [hook]
      rest.empty? ? @hooks.delete(bit) : @hooks[bit] = rest
      set_hooks(@hooks.keys.sum)
    end

    def forget_hooks
      @hooks.clear
      set_hooks(0)
    end
  end
end
