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
        wait_for_all unless get_outbound_data_size.zero? && !refused?
        self
      end

      # As {Connection#set_outbound_limits}: {#write} waits by these limits.
      #
      # @param high [Integer] bytes
      # @param low [Integer, nil] bytes
      # @return [Boolean]
      # @raise [ArgumentError, TypeError] as {Connection#set_outbound_limits}
      def set_outbound_limits(high: 65_536, low: nil)
        super
        @high = high
        @low = low || (high / 4)
        @stream_state.high = high
        tell_limits
      end

      # @!visibility private
      def outbound_drained
        wake
      end

      private

      # Has the loop tell what writers wait for: while one of them flushes, that all is sent.
      def tell_limits
        high, low = @flushing.zero? ? [@high, @low] : [1, 0]
        EventMachine.set_outbound_limits(@signature, high, low)
      end

      def wait_for_all
        @flushing += 1
        tell_limits
        wait_to_write { get_outbound_data_size.zero? }
      ensure
        @flushing -= 1
        tell_limits
      end

      # Writes what the system takes, and waits where that is not enough.
      def wait_while_full
        EventMachine.__send__(:flush_sent)
        wait_to_write { get_outbound_data_size <= @low } unless get_outbound_data_size < @high
      end

      # One that is told that it is full is woken when it no longer is, whatever others write meanwhile. Where a write
      # has failed, nothing is queued any more, but not since it was sent.
      def wait_to_write
        park { closed? || (!refused? && (!outbound_full? || yield)) }
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
