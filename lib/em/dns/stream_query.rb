# frozen_string_literal: true

module EventMachine
  module DNS
    # Asks a name server by TCP, whose answer was too long for a datagram: RFC 7766. Each message has its length, two
    # bytes, before it.
    class StreamQuery < Connection
      # Seconds to wait for the connection, and for more of the answer.
      PATIENCE = 3
      private_constant :PATIENCE

      # @param packet [String] the query in wire format
      # @param ended [Proc] called with the answer in wire format, or with nil if there is none
      def initialize(packet, ended)
        super
        @packet = packet
        @ended = ended
        @data = +""
      end

      # @return [void]
      def post_init
        self.pending_connect_timeout = self.comm_inactivity_timeout = PATIENCE
        send_data([@packet.bytesize, @packet].pack("na*"))
      end

      # @param data [String]
      # @return [void]
      def receive_data(data)
        @data << data
        close_connection if complete?
      end

      # @return [void]
      def unbind
        @ended.call(complete? ? @data.byteslice(2, length) : nil)
      end

      private

      def length
        @data.unpack1("n") || Float::INFINITY
      end

      def complete?
        @data.bytesize >= length + 2
      end
    end
    private_constant :StreamQuery
  end
end
