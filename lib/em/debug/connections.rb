# frozen_string_literal: true

module EventMachine
  module Debug
    # Wraps the callbacks of each connection. It has no helper methods, because their names might be those of
    # methods of the application.
    module Events
      # @return [void]
      def receive_data(data)
        Debug.event(self, Debug.receipt(self, data)) { super }
      end

      # @return [void]
      def connection_completed
        Debug.event(self, "connection_completed") { super }
      end

      # @return [void]
      def ssl_handshake_completed
        Debug.event(self, "ssl_handshake_completed") { super }
      end

      # @return [Boolean]
      def ssl_verify_peer(certificate)
        Debug.event(self, "ssl_verify_peer") { super }
      end

      # @return [void]
      def proxy_target_unbound
        Debug.event(self, "proxy_target_unbound") { super }
      end

      # @return [void]
      def proxy_completed
        Debug.event(self, "proxy_completed") { super }
      end

      # @return [void]
      def unbind(reason = nil)
        plain = original_method(:unbind).super_method.arity.zero?
        Debug.datagram_sockets.delete(@signature)
        Debug.event(self, "unbind#{" #{reason}" if reason}") { plain ? super() : super }
      end
    end

    # As {Events}, for watched descriptors: connections have these methods only if the application defines
    # them.
    module Notifications
      # @return [void]
      def notify_readable
        Debug.event(self, "notify_readable") { super }
      end

      # @return [void]
      def notify_writable
        Debug.event(self, "notify_writable") { super }
      end

      # @return [void]
      def notify_priority
        Debug.event(self, "notify_priority") { super }
      end
    end

    # Has each connection log its events, from the first on.
    module Connections
      # @return [Connection]
      def new(signature, *args)
        Debug.report_new(self, signature) if signature
        super
      end
      ruby2_keywords :new

      # @return [Connection]
      def allocate
        super.tap do |connection|
          connection.singleton_class.prepend(Events)
          watches = Notifications.instance_methods.any? { |method| connection.respond_to?(method) }
          connection.singleton_class.prepend(Notifications) if watches
        end
      end
    end

    # Signatures of the datagram sockets that are open.
    @datagram_sockets = {}

    class << self
      # @return [Hash{Integer => true}]
      attr_reader :datagram_sockets

      # Logs a callback of a connection, and calls it.
      #
      # @param connection [Connection]
      # @param text [String]
      # @yield calls it
      # @return [Object]
      def event(connection, text, &block)
        callback("##{connection.signature} #{name_of(connection.class)} #{text}", &block)
      end

      # Describes what a connection receives.
      #
      # @param connection [Connection]
      # @param data [String]
      # @return [String]
      def receipt(connection, data)
        return "receive_data #{data}" if connection.is_a?(FileWatch) || connection.is_a?(ProcessWatch)

        sender = " from #{peer(connection.signature)}" if @datagram_sockets[connection.signature]
        ignored = " (not handled: receive_data is not overridden)" if ignores_data?(connection)
        "receive_data #{data.to_s.bytesize} bytes#{sender}#{ignored}"
      end

      # Logs that the object of a connection is about to be created.
      #
      # @param klass [Class]
      # @param signature [Integer]
      # @return [void]
      def report_new(klass, signature)
        accepted = Thread.current[:eventmachine_debug_opens] != signature && peer(signature)
        log("##{signature} #{name_of(klass)} #{accepted ? "accepted from #{accepted}" : 'new'}")
        Handlers.check(klass)
      end

      # @param klass [Class]
      # @return [String] the class's name; for an anonymous class that of its superclass
      def name_of(klass)
        (klass.name || klass.superclass).to_s
      end

      private

      # @return [String, nil] nil if there is none, as for objects that are made without a reactor
      def peer(signature)
        packed = EventMachine.get_peername(signature)
        packed && address(packed)
      rescue RuntimeError, TypeError, RangeError
        nil
      end

      def ignores_data?(connection)
        connection.original_method(:receive_data).super_method.owner == Connection
      end
    end

    Connection.singleton_class.prepend(Connections)
  end
end
