# frozen_string_literal: true

require "em/connection"

module EventMachine
  # Passing descriptors. A handler takes them by defining `receive_io`, which is called with each: a Socket for a
  # socket, else an IO. It is the handler's to close. It is not defined here: without it what arrives is closed.
  class Connection
    # Passes the descriptor of an IO object to the process at the other end of a Unix socket, in its order with what
    # {#send_data} sends: SCM_RIGHTS of unix(7). It is duplicated at once, so the object may be closed when this
    # returns.
    #
    # A zero byte carries it, as with Ruby's `UNIXSocket#send_io`, whose `recv_io` can take it. A peer without
    # `receive_io`, or another program that only reads, gets the byte among the data.
    #
    # @example A listening process hands connections to its workers
    #   class Worker < EventMachine::Connection
    #     def receive_io(io)
    #       EventMachine.attach(io, Website)
    #     end
    #   end
    # @param io [IO, Integer] the IO object, or a descriptor
    # @return [Integer] 1, the number of bytes queued; 0 if the connection is closing, and -1 if it is closed
    # @raise [IOError] when the IO object is closed
    # @raise [TypeError] if it is neither
    # @raise [Errno::EBADF] if no file has this descriptor
    # @raise [RuntimeError] if this is no connection over a Unix socket, or one with TLS
    def send_io(io)
      EventMachine.__send__(:pass_descriptor, @signature, io)
    end
  end

  class << self
    private

    def pass_descriptor(signature, io)
      unless io.is_a?(Integer) || io.respond_to?(:fileno)
        raise TypeError, "send_io takes an IO or its descriptor, not #{io.inspect}"
      end

      send_descriptor(signature, descriptor_of(io))
    end

    # Called by the loop.
    def descriptor_received(signature, descriptor)
      @conns[signature].__send__(:receive_io, io_of(descriptor))
    end

    # @return [IO] a Socket for a socket
    def io_of(descriptor)
      io = IO.for_fd(descriptor)
      return io unless io.stat.socket?

      io.autoclose = false
      Socket.for_fd(descriptor)
    end
  end
end
