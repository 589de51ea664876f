# frozen_string_literal: true

module EventMachine
  class Stream < Connection
    # What a {Stream} writes.
    module Writing
      include StreamWrite

      # @!method write(*strings)
      #   Queues strings to be sent, in order. Waits while too much is queued already.
      #
      #   @param strings [Array<#to_s>]
      #   @return [Integer] how many bytes
      #   @raise [Errno::EPIPE] if the connection has ended in order, or its sending side has: see {#close_write}

      # As {#write}.
      #
      # @param string [#to_s]
      # @return [Stream]
      def <<(string)
        write(string)
        self
      end

      # Waits until all is handed to the system.
      #
      # @return [Stream]
      # @raise [SystemCallError, IOError] as {#write}
      def flush
        raise_unwritable if closed?
        EventMachine.__send__(:flush_sent)
        return self if get_outbound_data_size.zero?

        set_outbound_limits(high: 1, low: 0)
        wait_while_over(1, 0)
        self
      ensure
        set_outbound_limits(high: @high, low: @low)
      end

      # @!visibility private
      def outbound_drained
        wake
      end

      private

      def start_writing
        set_outbound_limits(high: @high, low: @low)
      end

      def wait_while_full
        wait_while_over(@high, @low)
      end

      # Writes what the system takes, and waits where that is not enough.
      def wait_while_over(high, low)
        EventMachine.__send__(:flush_sent)
        return if get_outbound_data_size < high

        park { get_outbound_data_size <= low || closed? }
        raise_unwritable if closed?
      end

      def raise_unwritable
        raise_closed
        raise_own(@fault || Errno::EPIPE.new)
      end
    end
    private_constant :Writing
  end
end
