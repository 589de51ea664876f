# frozen_string_literal: true

require "socket"
require_relative "watchdog"

# Runs the reactor within a time limit.
module ReactorHelper
  LIMIT = 5

  Expired = Class.new(StandardError)

  # Runs the reactor with the block as its first act, until something stops it.
  #
  # @param limit [Numeric] seconds after which the reactor is ended by an exception, where nothing is slower
  def em(limit = LIMIT)
    limit *= Watchdog::FACTOR
    EventMachine.run do
      EventMachine.add_timer(limit) { raise Expired, "the reactor was not stopped within #{limit} s" }
      yield
    end
  end

  # Stops the reactor.
  def done
    EventMachine.stop
  end

  # @return [Object] one of the instance variables of EventMachine that applications look at, too
  def state(name)
    EventMachine.instance_variable_get(name)
  end

  # @return [Integer] a free TCP port
  def free_port(host = "127.0.0.1")
    TCPServer.open(host, 0) { |server| server.addr[1] }
  end

  # Keeps the ends of a pipe or a pair for the example: the garbage collector would close the one that nobody has.
  def kept(ends)
    (@kept ||= []).push(ends).last
  end

  # Ends what a failed example has left behind.
  def self.clean_up
    EventMachine.stop if EventMachine.reactor_running? && !EventMachine.stopping?
    EventMachine.error_handler
    EventMachine.cleanup_machine
  end
end
