# frozen_string_literal: true

require "em/connection"

module EventMachine
  # What the reactor calls on handlers that define it: `receive_eof`, `outbound_full` and `outbound_drained`. They are
  # not defined here, so that methods of these names in an application stay its own.
  class Connection
    # Ends the sending side, once queued data is sent: the peer reads an end of file. Data still arrives. Under TLS
    # close_notify is sent first. What is sent from now on is dropped, and {#send_data} returns 0. See shutdown(2).
    #
    # When the peer ends its side too, the connection ends. A handler that defines `receive_eof` is called then, and it
    # may be the first of the two to be called: the connection stays open for what it sends.
    #
    # @example
    #   EventMachine.popen("sort", Sorter) { |sort| sort.send_data("b\na\n"); sort.close_write }
    # @return [Boolean] false if the side has ended, the connection is closing or closed, or it is a pipe or a terminal,
    #   whose sides cannot end apart
    # @raise [RuntimeError] if it is not a connection, such as a datagram socket
    def close_write
      EventMachine.close_write(@signature)
    end

    # Has the reactor tell when much data waits to be sent: `outbound_full` is called when `high` bytes wait that the
    # system did not take at once, and `outbound_drained` when no more than `low` are left. Each is called once for each
    # crossing, if the handler defines it. {#send_data} queues as before. The limits end with the connection.
    #
    # @param high [Integer] bytes, at least 1
    # @param low [Integer, nil] bytes, below `high`; nil for a quarter of it
    # @return [Boolean] false if the connection is closed
    # @raise [ArgumentError] if `low` is negative or not below `high`, or `high` is 2**63 or more
    # @raise [TypeError] if one of them is no Integer
    # @raise [RuntimeError] if it is not a connection, such as a datagram socket
    def set_outbound_limits(high: 65_536, low: nil)
      EventMachine.__send__(:check_size, :high, high)
      EventMachine.__send__(:check_size, :low, low, 0) unless low.nil?
      EventMachine.set_outbound_limits(@signature, high, low)
    end

    # Whether so much waits to be sent that a sender should wait for `outbound_drained`. It is up to date at once, also
    # in the callback that sends. When it has been true, `outbound_drained` follows, even if the system then takes all.
    #
    # @return [Boolean] false without {#set_outbound_limits}; true once the connection takes no more, because it or its
    #   sending side is closed
    def outbound_full?
      EventMachine.outbound_full?(@signature)
    end

    # Stops reading from another connection while this one is full, so that a slow receiver slows down the sender
    # instead of filling the memory. The other one can still be written to. Sets the default limits of
    # {#set_outbound_limits}, unless there are some.
    #
    # @param other [Connection] the source of what this one sends
    # @return [Boolean] false if either is closed
    # @raise [RuntimeError] if this is not a connection, such as a datagram socket
    def pause_when_full(other)
      EventMachine.pause_when_full(@signature, other.signature)
    end
  end

  # What the native library can take.
  LARGEST_SIZE = (2**63) - 1
  private_constant :LARGEST_SIZE

  class << self
    # Limits how many connections of a server there are at a time. Further ones wait in the backlog of the system, see
    # listen(2), until one of these has ended. Those that are there already count and stay.
    #
    # @param signature [Integer] what {start_server} or {attach_server} returned
    # @param count [Integer, nil] at least 1; nil for no limit
    # @return [Integer, nil] the limit
    # @raise [ArgumentError] if the count is less than 1, or 2**63 or more
    # @raise [TypeError] if it is no Integer
    # @raise [RuntimeError] if there is no such server
    def set_max_connections(signature, count)
      connection_limit(count).tap { |limit| limit_connections(signature, limit) }
    end

    private

    def connection_limit(count)
      count && check_size(:max_connections, count)
    end

    # @return [Integer] the size
    # @raise [ArgumentError, TypeError] unless it is an Integer that the native library can take
    def check_size(name, size, least = 1)
      raise TypeError, "#{name} must be an Integer: #{size.inspect}" unless size.is_a?(Integer)
      raise ArgumentError, "#{name} must be at least #{least}: #{size}" if size < least
      raise ArgumentError, "#{name} is too large: #{size}" if size > LARGEST_SIZE

      size
    end
  end
end
