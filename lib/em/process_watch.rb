# frozen_string_literal: true

require "em/system_watch"

module EventMachine
  # A watch of a process, created by {EventMachine.watch_process}. Subclasses and modules override the methods for
  # the changes that they are interested in.
  #
  # @example Start a worker again when it has exited
  #   class WorkerWatch < EventMachine::ProcessWatch
  #     def process_exited
  #       supervisor.restart(pid)
  #     end
  #   end
  #   EventMachine.watch_process(worker_pid, WorkerWatch)
  class ProcessWatch < Connection
    include SystemWatch

    # Data of the event: the process forked.
    Cfork = "fork"

    # Data of the event: the process exited.
    Cexit = "exit"

    # @return [Integer] id of the process
    attr_reader :pid

    # Called by the reactor. Calls the method for the change.
    #
    # @param data [String] {Cfork} or {Cexit}; anything else is ignored
    # @return [void]
    def receive_data(data)
      case data
      when Cfork then process_forked
      when Cexit
        @outcome = [:exited]
        process_exited
      end
    end

    # Called when the process has forked, on systems that report it. Linux does not.
    #
    # @return [void]
    def process_forked; end

    # Called when the process has exited. The watch ends.
    #
    # @return [void]
    def process_exited; end

    # How the process ended, if it is a child of this process that nobody has reaped. The first call reaps it.
    #
    # @return [Process::Status, nil] nil while it runs
    def get_status
      @status ||= EventMachine.__send__(:reap, @pid)
    end

    # Ends the watch. `unbind` is called.
    #
    # @return [nil]
    # @raise [InvalidSignature] if it has ended
    def stop_watching
      EventMachine.unwatch_pid(@signature).tap { stopped }
    end

    # Tells the fibers that wait, beside the methods of the application's.
    module Told
      # @param data [String]
      # @return [void]
      def receive_data(data)
        tell_arrivals(data == Cfork ? :forked : :exited) { super }
      end
    end
    private_constant :Told

    private

    def told
      Told
    end
  end
end
