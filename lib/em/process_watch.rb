# frozen_string_literal: true

module EventMachine
  # What {EventMachine.watch_process} returns. A subclass or module overrides the methods that tell of what it
  # wants to know.
  #
  # @example
  #   module Handler
  #     def process_exited
  #       puts "#{pid} has exited"
  #     end
  #   end
  #   EventMachine.watch_process(pid, Handler)
  class ProcessWatch < Connection
    # What the reactor calls a fork.
    Cfork = "fork"

    # What the reactor calls an exit.
    Cexit = "exit"

    # @return [Integer] id of the process
    attr_reader :pid

    # Called by the reactor; calls the method for what has happened.
    #
    # @param data [String] {Cfork} or {Cexit}; anything else is ignored
    # @return [void]
    def receive_data(data)
      case data
      when Cfork then process_forked
      when Cexit then process_exited
      end
    end

    # Called when the process has made another one, on systems that tell.
    #
    # @return [void]
    def process_forked; end

    # Called when the process has ended. The watch ends.
    #
    # @return [void]
    def process_exited; end

    # Ends the watch; `unbind` is called then.
    #
    # @return [nil]
    # @raise [InvalidSignature] when it has ended before
    def stop_watching
      EventMachine.unwatch_pid(@signature)
    end
  end
end
