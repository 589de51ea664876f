# frozen_string_literal: true

module EventMachine
  class << self
    # Dispatches an event, as the event loop does.
    #
    # @param signature [Integer] the connection's; a server's for ConnectionAccepted; any for the rest
    # @param opcode [Integer] TimerFired, ConnectionData, ConnectionUnbound, ConnectionAccepted,
    #   ConnectionCompleted, LoopbreakSignalled, ConnectionNotifyReadable, ConnectionNotifyWritable,
    #   SslHandshakeCompleted or SslVerify
    # @param data [Object] the data received, the timer's signature, the accepted connection's signature, the
    #   errno of an unbind (0 for none), or the certificate
    # @return [Object] what the method called returned
    # @raise [ConnectionNotBound] when there is no such connection
    # @raise [NoHandlerForAcceptedConnection] when there is no such server
    # @raise [UnknownTimerFired] when there is no such timer
    def event_callback(signature, opcode, data)
      case opcode
      when ConnectionData then connection_bound_to(signature, "data #{data}").receive_data(data)
      when ConnectionUnbound then dispatch_unbind(signature, data)
      when ConnectionAccepted then dispatch_accept(signature, data)
      when TimerFired then dispatch_timer(data)
      when LoopbreakSignalled then run_deferred_callbacks
      else dispatch_notification(signature, opcode, data)
      end
    end

    private

    def dispatch_notification(signature, opcode, data)
      case opcode
      when ConnectionCompleted
        connection_bound_to(signature, "ConnectionCompleted").connection_completed
      when ConnectionNotifyReadable
        connection_bound_to(signature, "ConnectionNotifyReadable").notify_readable
      when ConnectionNotifyWritable
        connection_bound_to(signature, "ConnectionNotifyWritable").notify_writable
      when SslHandshakeCompleted
        connection_bound_to(signature, "SslHandshakeCompleted").ssl_handshake_completed
      when SslVerify
        connection_bound_to(signature, "SslVerify").ssl_verify_peer(data)
      end
    end

    def connection_bound_to(signature, event)
      @conns.fetch(signature) do
        raise ConnectionNotBound, "received #{event} for unknown signature: #{signature}"
      end
    end

    def dispatch_unbind(signature, errno)
      if (connection = @conns.delete(signature))
        return connection.unbind if connection.method(:unbind).arity.zero?

        connection.unbind(errno.zero? ? nil : ERRNOS.fetch(errno, :unknown))
      elsif !@acceptors.delete(signature)
        raise ConnectionNotBound, "received ConnectionUnbound for an unknown signature: #{signature}"
      end
    end

    def dispatch_accept(server, signature)
      klass, args, block = @acceptors.fetch(server) do
        raise NoHandlerForAcceptedConnection, "no handler for a connection accepted by #{server}"
      end
      connection = register(klass, signature, args)
      block&.call(connection)
      connection
    end

    # Some applications cancel a timer by replacing its callback with false.
    def dispatch_timer(signature)
      callback = @timers.delete(signature)
      raise UnknownTimerFired, "timer data: #{signature}" if callback.nil?

      callback.call if callback
    end
  end
end
