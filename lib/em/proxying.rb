# frozen_string_literal: true

module EventMachine
  class << self
    # Forwards everything that one connection receives from now on to another one, without creating Ruby objects
    # for it. See {Connection#proxy_target_unbound} and {Connection#proxy_completed}.
    #
    # Several connections may be proxied to the same one. What a {Stream} has received and nobody has read is forwarded
    # first.
    #
    # @param from [Connection] the source
    # @param to [Connection] the target
    # @param bufsize [Integer] how many bytes may be queued in `to` before reading pauses; 0 for 256 KiB
    # @param length [Integer] bytes after which the proxying ends; 0 for no limit
    # @return [nil]
    # @raise [ConnectionError] if `to` has ended
    # @raise [ArgumentError] if bufsize or length is negative
    def enable_proxy(from, to, bufsize = 0, length = 0)
      start_proxy(from.signature, to.signature, bufsize, length)
      from.__send__(:forward_unread, to, bufsize, length) if from.is_a?(Stream)
      nil
    end

    # Ends {enable_proxy}: {Connection#receive_data} is called again.
    #
    # @param from [Connection] the source
    # @return [nil]
    def disable_proxy(from)
      stop_proxy(from.signature)
    end
  end
end
