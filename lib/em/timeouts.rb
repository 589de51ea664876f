# frozen_string_literal: true

require "em/connection"

module EventMachine
  # How long connections wait: for data, and to be made.
  class Connection
    # @return [Numeric, nil] seconds since data was last received or sent
    def get_idle_time
      EventMachine.get_idle_time(@signature)
    end

    # @return [Float] seconds without data after which the connection is closed; 0.0 for never
    def comm_inactivity_timeout
      EventMachine.get_comm_inactivity_timeout(@signature)
    end

    # Closes the connection if no data is received or sent for some time. {#unbind} gets Errno::ETIMEDOUT.
    #
    # @param value [Numeric] seconds; 0 for never
    # @return [Boolean] whether it was set
    def comm_inactivity_timeout=(value)
      EventMachine.set_comm_inactivity_timeout(@signature, value.to_f)
    end
    alias set_comm_inactivity_timeout comm_inactivity_timeout=

    # @return [Float] seconds after which an attempt to connect fails. Default: 20.0
    def pending_connect_timeout
      EventMachine.get_pending_connect_timeout(@signature)
    end

    # Limits the time of an attempt to connect. After it {#unbind} gets Errno::ETIMEDOUT.
    #
    # @param value [Numeric] seconds, above 0
    # @return [Boolean] whether it was set
    def pending_connect_timeout=(value)
      EventMachine.set_pending_connect_timeout(@signature, value.to_f)
    end
    alias set_pending_connect_timeout pending_connect_timeout=

    # @return [Float] seconds that each address has to answer; 0.0 for no limit, and once the connection is made
    def connection_attempt_timeout
      EventMachine.get_connection_attempt_timeout(@signature)
    end

    # Limits the time of each address that {EventMachine.connect} tries; {#pending_connect_timeout} limits all of a
    # connect. An address that has not answered is given up, and the next is tried at once. When there is none left,
    # {#unbind} gets Errno::ETIMEDOUT. It is set for a connect that is under way, whose attempts have the time from
    # then on.
    #
    # @example
    #   EventMachine.connect("example.net", 80, Handler) { |connection| connection.connection_attempt_timeout = 3 }
    # @param value [Numeric] seconds; 0 for no limit, as it is at first
    # @return [Boolean] whether there is such a connection
    # @raise [ArgumentError] if it is negative
    def connection_attempt_timeout=(value)
      EventMachine.set_connection_attempt_timeout(@signature, value.to_f)
    end
  end
end
