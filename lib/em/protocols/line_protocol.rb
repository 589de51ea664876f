# frozen_string_literal: true

module EventMachine
  module Protocols
    # Splits a byte stream into lines that end in "\n" or "\r\n".
    #
    # A line longer than 32 MiB is an error: +receive_error+ is called with a message if the object has that
    # method, the connection is closed, and further data is dropped.
    #
    # @example
    #   module Echo
    #     include EventMachine::Protocols::LineProtocol
    #
    #     def receive_line(line)
    #       send_data("#{line}\n")
    #     end
    #   end
    module LineProtocol
      # Takes the next chunk of the stream and calls {#receive_line} for each line it completes.
      #
      # @param data [String] any number of bytes
      # @return [void]
      def receive_data(data)
        return if @line_protocol_failed

        input = @buf ? @buf << data.b : data.b
        @buf = nil
        line_protocol_consume(input, data.encoding)
      end

      # Called with every line, without its end. Override it.
      #
      # @param line [String]
      # @return [void]
      def receive_line(line); end

      private

      # The rest of the input is kept for the next chunk, even if a callback raises.
      def line_protocol_consume(input, encoding)
        pos = searched = 0
        from = @line_protocol_searched || 0
        while (stop = input.index("\n", from))
          return line_protocol_fail if stop - pos > LineText2::MaxBinaryLength

          line = input.byteslice(pos, stop - pos).chomp.force_encoding(encoding)
          from = pos = stop + 1
          receive_line(line)
        end
        searched = input.bytesize - pos
      ensure
        line_protocol_keep(input, pos, searched)
      end

      def line_protocol_keep(input, pos, searched)
        return if @line_protocol_failed

        @line_protocol_searched = @buf ? 0 : searched
        return if pos >= input.bytesize

        # A slice shares its bytes, and copies them all when more is added.
        rest = pos.zero? ? input : input.byteslice(pos, input.bytesize - pos)
        @buf = @buf ? @buf << rest : rest
        line_protocol_fail if @buf.bytesize > LineText2::MaxBinaryLength
      end

      def line_protocol_fail
        @line_protocol_failed = true
        @buf = nil
        receive_error("overlength line") if respond_to?(:receive_error, true)
        close_connection if respond_to?(:close_connection, true)
      end
    end
  end
end
