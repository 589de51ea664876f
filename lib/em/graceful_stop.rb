# frozen_string_literal: true

require "em/deferrable"
require "em/timers"

module EventMachine
  # What {EventMachine.stop_gracefully} returns: succeeds with how many connections and tasks were in the middle of
  # something when the loop was stopped.
  class GracefulStop
    include Deferrable

    # Seconds between looking which connections are done.
    INTERVAL = 0.02
    private_constant :INTERVAL

    # @param timeout [Numeric] seconds
    # @param quiet [Numeric] seconds
    # @raise [ArgumentError, TypeError] if either is negative, or no number
    def initialize(timeout, quiet)
      @deadline = now + EventMachine.__send__(:not_negative, timeout, "timeout")
      @quiet = EventMachine.__send__(:not_negative, quiet, "quiet").to_f
      @asked = {}.compare_by_identity
      @caller = Task.current
      @over = false
    end

    # Stops the servers, and looks after connections from now on.
    #
    # @return [void]
    # @!visibility private
    def start
      EventMachine.resume_timers
      acceptors.keys.each { |signature| EventMachine.stop_server(signature) if acceptors.key?(signature) }
      EventMachine.add_shutdown_hook { settle }
      EventMachine.add_periodic_timer(INTERVAL) { look }
      look
    end

    # Ends it now, whatever is left.
    #
    # @return [void]
    # @!visibility private
    def hurry
      settle
      EventMachine.stop
    end

    private

    def look
      return hurry if now >= @deadline || (served? && closed?)
    end

    # Whether nobody is left who came in through a server, nor any work that was begun. Those who are done are closed.
    def served?
      left = close_idle(true)
      left.zero? && acceptors.empty? && tasks.empty? && EventMachine.defers_finished?
    end

    # The same for other connections, which those may have needed.
    def closed?
      close_idle(false).zero?
    end

    # @return [Integer] how many there are
    def close_idle(accepted)
      each_connection(accepted).each do |connection, busy|
        next ask(connection) if connection.respond_to?(:shutdown_requested, true)

        connection.close_connection_after_writing unless busy
      end.size
    end

    def ask(connection)
      return if @asked[connection]

      @asked[connection] = true
      connection.__send__(:shutdown_requested)
    end

    # Datagram sockets, and connections, by whether they came in through a server.
    #
    # @return [Array<Array(Connection, Boolean)>] each with whether it is in the middle of something
    def each_connection(wanted)
      connections.filter_map do |signature, connection|
        accepted, busy = EventMachine.__send__(:occupation, signature, @quiet)
        [connection, busy] if accepted == wanted && connection
      end
    end

    def settle
      return if @over

      @over = true
      succeed(each_connection(true).size + each_connection(false).size + tasks.size)
    end

    def tasks
      EventMachine.tasks.reject { |task| task.equal?(@caller) }
    end

    def connections
      EventMachine.instance_variable_get(:@conns)
    end

    def acceptors
      EventMachine.instance_variable_get(:@acceptors)
    end

    def now
      Process.clock_gettime(Process::CLOCK_MONOTONIC)
    end
  end

  class << self
    # Stops the loop once what was begun is done. Servers stop accepting; then, in this order:
    #
    # 1. Connections of servers. One whose handler defines `shutdown_requested` is told so once, and is to close
    #    itself. Any other is closed after writing once it is idle: all is written, what the peer has sent was answered,
    #    and nothing came or went for `quiet` seconds. Tasks of {fiber} and operations of {defer} end.
    # 2. Other connections, which the first may have needed, in the same way.
    # 3. {stop}.
    #
    # At the deadline, and when it is called again, the loop is stopped with what is left: tasks are cancelled and
    # connections closed, as {stop} does. It may be called from any thread and from a signal handler.
    #
    # @example
    #   trap("TERM") { EventMachine.stop_gracefully }
    # @param timeout [Numeric] seconds
    # @param quiet [Numeric] seconds without traffic after which a connection counts as idle
    # @yieldparam left [Integer] as the result
    # @return [GracefulStop] a {Deferrable}: succeeds, before the loop is stopped, with how many connections and tasks
    #   were left; 0 if nothing was cut off
    # @raise [ArgumentError, TypeError] if either is negative, or no number
    # @raise [RuntimeError] when no reactor runs
    def stop_gracefully(timeout = 30, quiet: 1, &block)
      require_reactor(:stop_gracefully)

      again = stopping_gracefully?
      stop = @graceful_stop ||= GracefulStop.new(timeout, quiet)
      stop.callback(&block) if block
      next_tick { again ? stop.hurry : stop.start }
      stop
    end

    # @return [Boolean] whether {stop_gracefully} was called: a server may then tell its peers not to go on
    def stopping_gracefully?
      !@graceful_stop.nil?
    end
  end

  @graceful_stop = nil
end
