# frozen_string_literal: true

module EventMachine
  class << self
    # @return [Integer] the number of connections, servers and other descriptors of the reactor
    # @raise [RuntimeError] when no reactor runs
    def connection_count
      get_connection_count
    end

    # Kept for compatibility: {heartbeat_interval=} sets it, and nothing depends on it, upstream neither. A
    # connection that is idle for as long as {Connection#comm_inactivity_timeout=} says ends on time.
    # Default: 2.0, in seconds, for each {run}.
    #
    # @return [Float]
    # @raise [RuntimeError] when no reactor runs
    def heartbeat_interval
      get_heartbeat_interval
    end

    # @param time [Numeric] seconds; nothing is set unless it is positive
    # @raise [RuntimeError] when no reactor runs
    def heartbeat_interval=(time)
      set_heartbeat_interval(time.to_f)
    end

    # Returns or sets the maximum number of open descriptors (RLIMIT_NOFILE).
    #
    # @param n_descriptors [Integer, nil] the new limit; only root may exceed the hard limit
    # @return [Integer] the limit in force afterwards
    def set_descriptor_table_size(n_descriptors = nil)
      set_rlimit_nofile(n_descriptors || -1)
    end

    # Changes the effective user, to give up root's rights.
    #
    # @param username [String]
    # @return [void]
    # @raise [RuntimeError] if there is no such user, or the process is not allowed to become it
    def set_effective_user(username)
      setuid_string(username)
    end
  end
end
