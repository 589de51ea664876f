# frozen_string_literal: true

require "em/process_watch"

module EventMachine
  # Calls something when a child process has ended: see {EventMachine.watch_child} and {EventMachine.spawn}.
  class ChildWatch < Watch
    # What `pid_t` holds, without what stands for groups of processes.
    IDS = (1..0x7FFF_FFFF).freeze
    private_constant :IDS

    # @return [Integer] id of the process
    attr_reader :pid
    # @return [Process::Status, nil] how it ended; nil until then
    attr_reader :status

    # @param pid [Integer] as {EventMachine.watch_child}
    # @param callback [#call, nil] what to call with the Process::Status; the block, if nil
    # @raise [ArgumentError, RuntimeError, Unsupported] as {EventMachine.watch_child}
    def initialize(pid, callback = nil, &block)
      EventMachine.__send__(:require_reactor, "watch_child")
      raise ArgumentError, "no process id: #{pid.inspect}" unless pid.is_a?(Integer) && IDS.cover?(pid)

      @pid = pid
      super(callback || block)
      @exit = watch_exit
    end

    private

    def watch_exit
      EventMachine.__send__(:part_of_watch, EventMachine.watch_process(@pid, Exit, self))
    rescue Unsupported
      if running?
        retire
        raise
      end
      EventMachine.next_tick { ended if active? }
      nil
    end

    def running?
      Process.kill(0, @pid)
    rescue Errno::ESRCH
      false
    rescue Errno::EPERM
      true
    end

    def ended
      @exit = nil
      @status = EventMachine.__send__(:reap, @pid)
      conclude(@status)
    end

    def release
      @exit&.cancel
    end

    # Somebody else has ended what tells of the exit, as who closes all connections does.
    def lost
      @exit = nil
      EventMachine.next_tick { @exit = watch_exit if active? }
    end

    # Tells a {ChildWatch} of the exit.
    class Exit < ProcessWatch
      def initialize(watch)
        super
        @watch = watch
      end

      # @return [void]
      def process_exited
        @watch.__send__(:ended)
      end

      # @return [void]
      def unbind
        @watch.__send__(:lost) if @watch.active?
      end
    end
    private_constant :Exit
  end

  class << self
    # Calls something when a child process has ended, and reaps it. Children that are not watched are left to the
    # application.
    #
    # @example
    #   EventMachine.watch_child(fork { work }) { |status| puts "exit status #{status.exitstatus}" }
    # @param pid [Integer] id of a child process
    # @param callback [#call, nil] what to call with the Process::Status; the block, if nil. The status is nil if
    #   somebody else has reaped the child, or it is no child of this process.
    # @return [ChildWatch]
    # @raise [ArgumentError] if it is no process id
    # @raise [Unsupported] where the system does not tell of the end of a process: Linux before 5.3
    # @raise [RuntimeError] when no reactor runs
    def watch_child(pid, callback = nil, &block)
      ChildWatch.new(pid, callback, &block)
    end

    private

    # @return [Process::Status, nil] of a child that has ended. `$?` stays as it is.
    def reap(pid)
      status = Process::Status.wait(pid, Process::WNOHANG)
      status if status && status.pid == pid
    end

    def spawn_child(command, block)
      require_reactor("spawn")
      pid = Process.spawn(*command)
      begin
        watch_child(pid, block)
      rescue StandardError
        Process.detach(pid)
        raise
      end
    end
  end
end
