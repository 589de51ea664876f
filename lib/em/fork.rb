# frozen_string_literal: true

module EventMachine
  # Tells the module that the process was forked. All forks of Ruby go through Process._fork, except that of
  # Process.daemon.
  module ForkHook
    # @return [Integer] as Process._fork
    def _fork
      pid = super
      EventMachine.__send__(:after_fork) if pid.zero?
      pid
    end

    # @return [Integer] as Process.daemon
    def daemon(*)
      super.tap { EventMachine.__send__(:after_daemon) }
    end
  end
  private_constant :ForkHook

  ::Process.singleton_class.prepend(ForkHook)

  @machine_inherited = false

  class << self
    # Forks a child process that runs a reactor of its own, without the parent's connections, timers and threads.
    # The parent's loop is not affected.
    #
    # @yield in the child, as the block of {run}
    # @return [Integer] the child's process id
    def fork_reactor(&block)
      Kernel.fork { run(&block) }
    end

    private

    # The loop and the queued work belong to the parent, unless it turns out that the child continues with
    # them.
    def after_fork
      abandon_fibers
      forget_threadpool
      reset_metrics if @metrics_enabled
      if @reactor_running
        @machine_inherited = true
        @reactor_running = false
        leave_watches
      else
        @threadqueue = nil
        @resultqueue = nil
      end
    end

    def after_daemon
      return after_fork if @reactor_running && !reactor_thread?

      if @reactor_running
        @reactor_pid = Process.pid
        inherit_machine
      end
      revive_threadpool
      move_watches
    end

    # A callback of the loop in a forked child shows that the child continues with the parent's loop.
    def adopt_inherited_machine
      @machine_inherited = false
      @reactor_running = true
      @reactor_pid = Process.pid
      revive_threadpool
      adopt_watches
    end

    def release_inherited_machine
      return unless @machine_inherited

      @machine_inherited = false
      abandon_watches
      @conns.each_value { |connection| connection.__send__(:abandon) if connection.is_a?(Stream) }
      begin
        release_machine
      ensure
        cleanup_machine
      end
    end
  end
end
