# frozen_string_literal: true

module EventMachine
  class << self
    # @!group Proxies

    # See {enable_proxy}, which calls this.
    #
    # @param from [Integer] signature of the connection that is read
    # @param to [Integer] signature of the connection that is written
    # @param bufsize [Integer] bytes
    # @param length [Integer] bytes
    # @return [nil]
    # @raise [ArgumentError] if a number is negative
    def start_proxy(from, to, bufsize, length); end

    # See {disable_proxy}, which calls this.
    #
    # @param from [Integer] signature of the connection that is read
    # @return [nil]
    # @raise [RuntimeError] when no reactor runs
    def stop_proxy(from); end

    # See {Connection#get_proxied_bytes}, which calls this.
    #
    # @param from [Integer] signature of the connection that is read
    # @return [Integer]
    # @raise [RuntimeError] when no reactor runs
    def get_proxied_bytes(from); end

    # @!endgroup
  end
end
