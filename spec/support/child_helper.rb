# frozen_string_literal: true

# Children of the reactor, whose output is collected.
module ChildHelper
  # Stops the reactor when the child has ended.
  class Collector < EventMachine::Connection
    attr_reader :arguments, :output, :status, :reason, :pid

    def initialize(*arguments)
      super
      @arguments = arguments
      @output = +""
    end

    def receive_data(data)
      @output << data
    end

    def unbind(reason)
      @reason = reason
      @status = get_status
      @pid = get_pid
      EventMachine.stop
    end
  end

  # Runs the reactor until a child has ended.
  #
  # @param arguments [Array] the connection's
  # @yieldparam child [Collector] once it has been started
  # @return [Collector]
  def finished(command, *arguments)
    child = nil
    em do
      child = EventMachine.popen(command, Collector, *arguments)
      yield child if block_given?
    end
    child
  end
end

RSpec.configure { |config| config.include(ChildHelper) }
