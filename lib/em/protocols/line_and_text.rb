# frozen_string_literal: true

module EventMachine
  module Protocols
    # A connection that reads lines, and between them texts of known size.
    #
    # Subclasses define +receive_line+ and +receive_binary_data+. A line longer than 16 KiB, or an exception in one
    # of these, is an error: +receive_error+ is called with "overlength line"
    # if the class has that method, and the connection is closed.
    class LineAndTextProtocol < Connection
      # Longest text, in bytes.
      MaxBinaryLength = 32 * 1024 * 1024

      MAX_LINE_LENGTH = 16 * 1024
      private_constant :MAX_LINE_LENGTH

      def initialize(*)
        super
        lbp_init_line_state
      end

      # Takes the next chunk of the stream.
      #
      # @param data [String] any number of bytes
      # @return [void]
      def receive_data(data)
        return if @lbp_mode == :failed

        @lbp_encoding = data.encoding
        input = @lbp_buffer << data.b
        @lbp_buffer = String.new
        lbp_consume(input)
      end

      # Delivers the part of an incomplete text that was received before the connection ended.
      #
      # @return [void]
      def unbind
        return unless @lbp_mode == :binary && @lbp_binary_limit && !@lbp_binary_buffer.empty?

        receive_binary_data(lbp_take_binary)
      end

      # Reads the next +size+ bytes as one text, which goes to +receive_binary_data+, and lines after it.
      #
      # @param size [Integer, nil] bytes; nil for no end: every chunk is delivered as it arrives
      # @raise [RuntimeError] if the size is more than {MaxBinaryLength}
      # @return [void]
      def set_binary_mode(size = nil)
        raise "overlength binary data" if size && size > MaxBinaryLength
        return receive_binary_data("") if size == 0

        @lbp_mode = :binary
        @lbp_binary_limit = size&.positive? ? size : nil
        @lbp_binary_buffer = String.new
      end

      private

      def lbp_init_line_state
        @lbp_buffer = String.new
        @lbp_searched = 0
        @lbp_mode = :lines
      end

      def lbp_consume(input)
        pos = 0
        while pos < input.bytesize && @lbp_mode != :failed
          start = pos
          pos = @lbp_mode == :lines ? lbp_line_after(input, pos) : lbp_binary_after(input, pos)
          return lbp_keep(input, start) unless pos

          lbp_dispatch(input, start, pos)
        end
      end

      def lbp_line_after(input, start)
        stop = input.index("\n", start + @lbp_searched)
        @lbp_searched = 0
        stop && stop + 1
      end

      def lbp_binary_after(input, start)
        return input.bytesize unless @lbp_binary_limit

        [start + @lbp_binary_limit - @lbp_binary_buffer.bytesize, input.bytesize].min
      end

      def lbp_dispatch(input, start, stop)
        piece = input.byteslice(start, stop - start)
        @lbp_mode == :lines ? lbp_dispatch_line(piece) : lbp_dispatch_binary(piece)
      rescue StandardError
        lbp_fail
      end

      def lbp_dispatch_line(line)
        return lbp_fail if line.bytesize - 1 > MAX_LINE_LENGTH

        receive_line(line.chomp.force_encoding(@lbp_encoding))
      end

      def lbp_dispatch_binary(piece)
        @lbp_binary_buffer << piece
        return if @lbp_binary_limit && @lbp_binary_buffer.bytesize < @lbp_binary_limit

        @lbp_mode = :lines if @lbp_binary_limit
        receive_binary_data(lbp_take_binary)
      end

      def lbp_take_binary
        text = @lbp_binary_buffer
        @lbp_binary_buffer = String.new
        text.force_encoding(@lbp_encoding)
      end

      def lbp_keep(input, start)
        @lbp_buffer = input.byteslice(start, input.bytesize - start)
        @lbp_searched = @lbp_buffer.bytesize
        lbp_fail if @lbp_buffer.bytesize > MAX_LINE_LENGTH
      end

      def lbp_fail
        @lbp_mode = :failed
        @lbp_buffer = @lbp_binary_buffer = nil
        receive_error("overlength line") if respond_to?(:receive_error, true)
        close_connection
      end
    end
  end
end
