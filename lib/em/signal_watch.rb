# frozen_string_literal: true

module EventMachine
  # Calls something when the process gets a signal: see {EventMachine.on_signal}.
  class SignalWatch < Watch
    # @return [Integer] number of the signal
    attr_reader :signo

    # @param signal [String, Symbol, Integer] as {EventMachine.on_signal}
    # @param callback [#call, nil] what to call with the number of the signal; the block, if nil
    # @raise [ArgumentError, RuntimeError] as {EventMachine.on_signal}
    def initialize(signal, callback = nil, &block)
      EventMachine.__send__(:require_reactor, "on_signal")
      @signo = SignalTrap.number(signal)
      @trap = SignalTrap.of(@signo)
      @tick = proc { occur(@signo) if active? }
      super(callback || block)
      @trap.add(@tick)
    rescue ArgumentError
      retire if active?
      raise
    end

    private

    def release
      @trap.remove(@tick)
    end

    def forked
      @trap.restore
    end

    def adopted
      @trap.install
    end
  end

  # The handler of one signal, for all its watches. A handler of the application's comes back with the end of the
  # last one.
  class SignalTrap
    @traps = {}

    # Watches come and go in any thread.
    LOCK = Mutex.new
    private_constant :LOCK

    class << self
      # @return [SignalTrap]
      def of(signo)
        LOCK.synchronize { @traps[signo] ||= new(signo) }
      end

      # @return [Integer]
      def number(signal)
        signo = signal.is_a?(Integer) ? signal : Signal.list[signal.to_s.delete_prefix("SIG")]
        raise ArgumentError, "no signal to watch: #{signal.inspect}" unless signo&.positive?

        signo
      end
    end

    def initialize(signo)
      @signo = signo
      @ticks = []
      @installed = false
      @handler = proc { handle }
    end

    # @return [void]
    def add(tick)
      LOCK.synchronize do
        install
        # The handler may walk the list meanwhile, so it is replaced.
        @ticks += [tick]
      end
    end

    # @return [void]
    def remove(tick)
      LOCK.synchronize do
        @ticks -= [tick]
        restore if @ticks.empty?
      end
    end

    # @return [void]
    def install
      @pid = Process.pid
      return if @installed

      @former = Signal.trap(@signo, @handler)
      @installed = true
    rescue Errno::EINVAL
      name = Signal.signame(@signo)
      raise ArgumentError, "#{name ? "SIG#{name}" : "signal #{@signo}"} cannot be caught"
    end

    # @return [void]
    def restore
      return unless @installed

      @installed = false
      present = Signal.trap(@signo, @former)
      # The application has set another meanwhile.
      Signal.trap(@signo, present) unless @handler.equal?(present)
    end

    private

    # A signal handler runs in the main thread, amid anything. All that it does is to append to a list. In a child
    # that is not known to be forked yet, it lets the former handler have the signal.
    def handle
      return @ticks.each { |tick| EventMachine.next_tick(tick) } if Process.pid == @pid

      restore
      Process.kill(@signo, Process.pid)
    end
  end
  private_constant :SignalTrap

  class << self
    # Calls something when the process gets a signal. It runs on the loop as any callback does, so it may do all
    # that a handler of `Signal.trap` must not, such as to lock a Mutex or to log. Several watches of one signal are
    # all called. The handler that was set before is not called meanwhile; it is restored with the end of the last
    # watch. The system may combine equal signals that come faster than they are handled.
    #
    # @example
    #   EventMachine.on_signal("TERM") { logger.info("terminating") && EventMachine.stop }
    # @param signal [String, Symbol, Integer] name, with or without SIG, or number: also of a real-time signal
    # @param callback [#call, nil] what to call with the number of the signal; the block, if nil
    # @return [SignalWatch]
    # @raise [ArgumentError] if there is no such signal, if Ruby or the system reserves it, or if the callback cannot be
    #   called
    # @raise [RuntimeError] when no reactor runs
    def on_signal(signal, callback = nil, &block)
      SignalWatch.new(signal, callback, &block)
    end
  end
end
