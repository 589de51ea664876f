# frozen_string_literal: true

module EventMachine
  class << self
    # @!group Descriptors

    # Adds a descriptor to the loop. {attach} and {watch} call this, and add the object to `@conns`.
    #
    # @param descriptor [Integer]
    # @param watch_mode [Boolean] true to watch it only, false to read from it and write to it
    # @return [Integer] signature
    # @raise [SystemCallError] if it cannot be polled
    def attach_fd(descriptor, watch_mode); end

    # See {Connection#detach}, which calls this.
    #
    # @param signature [Integer] the connection's
    # @return [Integer] the descriptor
    # @raise [RuntimeError] if there is no such connection
    def detach_fd(signature); end

    # The descriptor of a connection. The reactor still owns it: do not close it.
    #
    # @param signature [Integer] the connection's
    # @return [Integer]
    # @raise [RuntimeError] if there is no such connection
    def get_file_descriptor(signature); end

    # See {Connection#watch_only?}, which calls this.
    #
    # @param signature [Integer] the connection's
    # @return [Boolean] false when no reactor runs
    def watch_only?(signature); end

    # See {Connection#notify_readable?}, which calls this.
    #
    # @param signature [Integer] the connection's
    # @return [Boolean] false when no reactor runs
    def is_notify_readable(signature); end

    # See {Connection#notify_writable?}, which calls this.
    #
    # @param signature [Integer] the connection's
    # @return [Boolean] false when no reactor runs
    def is_notify_writable(signature); end

    # See {Connection#notify_readable=}, which calls this.
    #
    # @param signature [Integer] the connection's
    # @param mode [Boolean]
    # @return [nil]
    # @raise [RuntimeError] unless the descriptor is watched only
    def set_notify_readable(signature, mode); end

    # See {Connection#notify_writable=}, which calls this.
    #
    # @param signature [Integer] the connection's
    # @param mode [Boolean]
    # @return [nil]
    # @raise [RuntimeError] unless the descriptor is watched only
    def set_notify_writable(signature, mode); end

    # Adds standard input to the loop. {open_keyboard} calls this.
    #
    # @return [Integer] signature
    # @raise [RuntimeError] when no reactor runs
    def read_keyboard; end

    # @!endgroup
  end
end
