# frozen_string_literal: true

module EventMachine
  class << self
    # @!group Settings

    # See {get_max_timers}.
    #
    # @return [Integer]
    def get_max_timer_count; end

    # See {set_max_timers}.
    #
    # @param count [Integer] values below 100 count as 100
    # @return [nil]
    def set_max_timer_count(count); end

    # See {set_quantum}.
    #
    # @param milliseconds [Integer]
    # @return [nil]
    # @raise [ArgumentError] unless it is positive
    # @raise [RuntimeError] when no reactor runs
    def set_timer_quantum(milliseconds); end

    # See {heartbeat_interval}.
    #
    # @return [Float] seconds
    # @raise [RuntimeError] when no reactor runs
    def get_heartbeat_interval; end

    # See {heartbeat_interval=}.
    #
    # @param seconds [Float]
    # @return [Boolean] false, and nothing changed, unless it is positive
    # @raise [RuntimeError] when no reactor runs
    def set_heartbeat_interval(seconds); end

    # How many connections a server accepts in a row before other events are handled. Default: 10.
    #
    # @return [Integer]
    def get_simultaneous_accept_count; end

    # Sets {get_simultaneous_accept_count}, for running servers as well.
    #
    # @param count [Integer] values below 1 count as 1
    # @return [nil]
    def set_simultaneous_accept_count(count); end

    # Accepted for compatibility: epoll is used wherever it exists.
    #
    # @return [true]
    def epoll; end

    # @return [Boolean] whether the loop uses epoll(7)
    def epoll?; end

    # Accepted for compatibility, like {epoll}.
    #
    # @param wanted [Boolean]
    # @return [Boolean] wanted
    # @raise [Unsupported] if it is true on a system without epoll
    def epoll=(wanted); end

    # Accepted for compatibility: kqueue is used wherever it exists.
    #
    # @return [Boolean] as {kqueue?}
    def kqueue; end

    # @return [Boolean] whether the loop uses kqueue(2)
    def kqueue?; end

    # Accepted for compatibility, like {kqueue}.
    #
    # @param wanted [Boolean]
    # @return [Boolean] wanted
    # @raise [Unsupported] if it is true on a system without kqueue
    def kqueue=(wanted); end

    # See {set_descriptor_table_size}, which calls this.
    #
    # @param limit [Integer, nil] nil and negative numbers change nothing
    # @return [Integer] the limit in force
    # @raise [SystemCallError] if the system refuses
    def set_rlimit_nofile(limit); end

    # See {set_effective_user}, which calls this.
    #
    # @param username [String]
    # @return [nil]
    # @raise [RuntimeError] if there is no such user, or the process is not allowed to become it
    def setuid_string(username); end

    # @!endgroup
  end
end
