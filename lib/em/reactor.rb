# frozen_string_literal: true

module EventMachine
  # Applications read and replace some of these, so they exist before the first run.
  @conns = {}
  @acceptors = {}
  @timers = {}
  @tails = []
  @next_tick_queue = []
  @reactor_running = false
  @reactor_thread = nil
  @reactor_pid = nil
  @wrapped_exception = nil

  class << self
    # @return [Thread, nil] the thread that runs the reactor; nil when none does
    attr_reader :reactor_thread

    # Runs the event loop in the calling thread until {stop} is called, then returns. With `until_idle`, also once
    # there is nothing left to wait for: no connection, server, timer or watch, no fiber that waits, nothing given to
    # {next_tick}, {defer} or {resolve}. What {unref} was called for does not count.
    #
    # Inside a running reactor no second loop is made: the block is called at once, and `tail` waits for the
    # end of the loop that runs. However the loop ends, shutdown hooks and tails are called first, then every
    # connection is unbound, then the threads of the pool are stopped.
    #
    # @param blk [#call, nil] called once the loop has started; wins over the block
    # @param tail [#call, nil] called when the loop has ended, after the shutdown hooks
    # @param until_idle [Boolean] whether the loop ends by itself; of a loop that runs already it changes nothing
    # @return [Object, nil] nil; inside a running reactor what the block returned
    # @raise [Exception] what a callback raised, if no {error_handler} took it
    def run(blk = nil, tail = nil, until_idle: false, &block)
      @tails.unshift(tail) if tail
      start = blk || block
      return start&.call if reactor_running?

      release_inherited_machine
      run_reactor(start, until_idle)
    end

    # Runs the event loop for the time of one call of the block.
    #
    # @return [nil]
    # @raise [ArgumentError] without a block
    def run_block(&block)
      raise ArgumentError, "no block given" unless block

      run do
        block.call
        stop
      end
    end

    # Ends the event loop once the callback that is running has returned; see {run} for what follows.
    #
    # @return [nil]
    # @raise [RuntimeError] when no reactor runs
    def stop_event_loop
      EventMachine.stop
    end

    # Whether a reactor runs in this process. It does not in a process forked from one that runs it; it does
    # after `Process.daemon`, which the loop survives.
    #
    # @return [Boolean]
    def reactor_running?
      @reactor_running
    end

    # @return [Boolean] whether the calling thread is the one that runs the reactor
    def reactor_thread?
      Thread.current.equal?(@reactor_thread)
    end

    # Registers a block to be called when the reactor stops, before connections are unbound. Blocks are called
    # in reverse order of registration.
    #
    # @return [Array] the calls that are pending
    def add_shutdown_hook(&block)
      raise ArgumentError, "no block given" unless block

      @tails << block
    end

    # Sets what is called with each StandardError that a callback of the event loop raises. Without a handler
    # the exception ends the loop and leaves {run}.
    #
    # @param callback [#call, nil] receives the exception; nil and no block removes the handler
    # @return [#call, nil] the handler set, or the one removed
    def error_handler(callback = nil, &block)
      handler = callback || block
      return @error_handler = handler if handler

      remove_instance_variable(:@error_handler) if defined?(@error_handler)
    end

    # Stops the threads of the pool and forgets work that is queued for them and for the next tick. {run} does
    # this itself when it ends.
    #
    # @return [void]
    def cleanup_machine
      stop_threadpool
      @next_tick_queue = []
    end

    private

    def run_reactor(start, until_idle)
      failure = nil
      started = false
      begin
        start_machine(start)
        begin_until_idle if until_idle
        started = true
        run_machine
      rescue Exception => error
        failure = error
        raise
      ensure
        # A throw or the end of the thread passes through here without an exception. Another that is raised or killed
        # from outside must not keep the machine from being released; it is taken where something blocks.
        Thread.handle_interrupt(Object => :on_blocking) do
          unwinding_failure = unwind_machine
          raise unwinding_failure if unwinding_failure && started && failure.nil?
        end
      end
      raise @wrapped_exception if @wrapped_exception
    end

    def start_machine(start)
      @reactor_running = true
      @conns = {}
      @acceptors = {}
      @timers = {}
      @wrapped_exception = nil
      @graceful_stop = nil
      @until_idle = nil
      initialize_event_machine
      @reactor_pid = Process.pid
      @reactor_thread = Thread.current
      add_timer(0, start) if start
      signal_loopbreak unless deferred_callbacks_empty?
    end

    # The threads of the pool go before the machine: they must not signal one that is gone.
    #
    # @return [Exception, nil] the first exception
    def unwind_machine
      failures = []
      steps = %i[stop_fibers call_tails stop_fibers begin_last_fibers fail_resolutions stop_threadpool end_watches
                 release_machine end_last_fibers cleanup_machine]
      take_steps(failures, steps)
      failures.compact.first
    ensure
      end_until_idle if @until_idle
      @conns = {}
      @acceptors = {}
      @timers = {}
      @reactor_running = false
      @reactor_thread = nil
      @graceful_stop = nil
    end

    # Each step is taken whatever the steps before it raised, and if one throws or has its thread killed.
    def take_steps(failures, steps)
      failures << failure_of { __send__(steps.shift) } until steps.empty?
    ensure
      take_steps(failures, steps) unless steps.empty?
    end

    # The same holds for the hooks.
    def call_tails
      failures = []
      failures << failure_of { @tails.pop.call } until @tails.empty?
      failures.compact.first&.then { |failure| raise failure }
    ensure
      call_tails unless @tails.empty?
    end

    def failure_of
      yield
      nil
    rescue Exception => error
      error
    end
  end
end
