# frozen_string_literal: true

module EventMachine
  class << self
    # Sends everything that one connection receives from now on straight to another, without any Ruby object
    # being made of it. See {Connection#proxy_target_unbound} and {Connection#proxy_completed}.
    #
    # Several connections may be proxied to the same one.
    #
    # @param from [Connection] what is read
    # @param to [Connection] what is written
    # @param bufsize [Integer] bytes to hold for `to` before `from` is no longer read; 0 for 256 KiB
    # @param length [Integer] bytes after which the proxying ends; 0 for no limit
    # @return [nil]
    # @raise [ConnectionError] when `to` is gone already
    # @raise [ArgumentError] when bufsize or length is negative
    def enable_proxy(from, to, bufsize = 0, length = 0)
      start_proxy(from.signature, to.signature, bufsize, length)
    end

    # Ends what {enable_proxy} began: data received goes to {Connection#receive_data} again.
    #
    # @param from [Connection] what is read
    # @return [nil]
    def disable_proxy(from)
      stop_proxy(from.signature)
    end
  end
end
