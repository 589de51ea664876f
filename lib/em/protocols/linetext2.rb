# frozen_string_literal: true

module EventMachine
  module Protocols
    # Splits a byte stream into delimited lines. It can switch to binary text and back within the stream.
    #
    # A new object is in line mode with the delimiter "\n". The result does not depend on the sizes of chunks. The
    # mode may be switched in every callback: the rest of the chunk is read in the new mode.
    #
    # Lines and sized texts longer than {MaxBinaryLength} are errors: +receive_error+ is called with a message if the
    # object has that method, the connection is closed, and further data is dropped. A class may define a
    # MaxBinaryLength of its own.
    #
    # @example
    #   module Framed
    #     include EventMachine::Protocols::LineText2
    #
    #     def receive_line(line)
    #       set_text_mode(line.to_i)
    #     end
    #
    #     def receive_binary_data(data)
    #       send_data(data.reverse)
    #     end
    #   end
    module LineText2
      # Maximum size of a line and of a sized text, in bytes.
      MaxBinaryLength = 32 * 1024 * 1024

      # A match of a Regexp delimiter may be split between two chunks, so this many bytes are searched again.
      LOOKBEHIND = 4096

      # A line that is longer is kept in pieces of this size, since a growing string is copied now and then.
      PIECE = 512 * 1024
      private_constant :LOOKBEHIND, :PIECE

      # Takes the next chunk of the stream, and calls the receive_ methods for each line and text that it
      # completes.
      #
      # @param data [String, nil] any number of bytes
      # @return [void]
      def receive_data(data)
        return if data.nil? || data.empty?
        return if @lt2_mode == :failed

        lt2_defaults unless @lt2_mode
        @lt2_encoding = data.encoding
        data = data.b unless @lt2_encoding == Encoding::BINARY
        @lt2_linebuffer ? lt2_continue(@lt2_linebuffer, data) : lt2_consume(data, false)
      end

      # Sets the delimiter of lines. It may be called at any time.
      #
      # With the delimiter "\n" (the default), a "\r" before it is removed too; other delimiters are taken
      # literally. A Regexp is matched against bytes, and should match at most 4096 of them. If it could match
      # more after the next chunk (such as /x+/), it does not wait for that.
      #
      # @param delimiter [String, Regexp, #to_s]
      # @raise [ArgumentError] if the delimiter is nil or empty
      # @return [String, Regexp] the delimiter
      def set_delimiter(delimiter)
        delimiter = delimiter.to_s unless delimiter.is_a?(Regexp)
        raise ArgumentError, "empty line delimiter" if delimiter == ""

        @lt2_scanned = 0
        @lt2_delimiter = delimiter.is_a?(Regexp) ? lt2_bytewise(delimiter) : delimiter.b.freeze
      end

      # Switches to line mode, then reads +data+ as if it had just been received.
      #
      # An incomplete text is dropped.
      #
      # @param data [String] bytes to read in line mode
      # @return [void]
      def set_line_mode(data = "")
        @lt2_delimiter ||= "\n"
        @lt2_mode = :lines
        @lt2_scanned = 0
        @lt2_linebuffer = @lt2_pieces = nil
        @lt2_textbuffer = nil
        receive_data(data.to_s)
      end

      # Switches to text mode.
      #
      # With a size, +receive_binary_data+ is called once with exactly that many bytes, then
      # +receive_end_of_binary_data+; then the object is in line mode again. Without a size
      # +receive_binary_data+ is called with every chunk as it arrives, until {#set_line_mode} is called. A size of
      # zero or less means line mode.
      #
      # @param size [Integer, nil] bytes
      # @raise [ArgumentError, TypeError] if the size is not a number
      # @return [void]
      def set_text_mode(size = nil)
        @lt2_delimiter ||= "\n"
        @lt2_textsize = size && Integer(size)
        @lt2_scanned = 0
        @lt2_textbuffer = nil
        return @lt2_mode = :lines if size && @lt2_textsize <= 0
        return lt2_fail("overlength text") if size && @lt2_textsize > lt2_text_limit

        @lt2_mode = :text
      end

      # The same as {#set_text_mode}.
      #
      # @param size [Integer, nil] bytes
      # @return [void]
      def set_binary_mode(size = nil)
        set_text_mode(size)
      end

      # Delivers the part of an incomplete text that was received before the connection ended.
      #
      # @return [void]
      def unbind
        rest = @lt2_textbuffer
        @lt2_textbuffer = nil
        return unless rest && @lt2_mode == :text && !rest.empty?

        receive_binary_data(rest.force_encoding(@lt2_encoding))
      end

      # Called with every line, without its delimiter. Override it.
      #
      # @param line [String]
      # @return [void]
      def receive_line(line); end

      # Called with a whole sized text, or with each chunk of an unsized one. Override it.
      #
      # @param data [String]
      # @return [void]
      def receive_binary_data(data); end

      # Called when a sized text is complete, after +receive_binary_data+. Override it.
      #
      # @return [void]
      def receive_end_of_binary_data; end

      private

      def lt2_defaults
        @lt2_delimiter ||= "\n"
        @lt2_mode = :lines
      end

      def lt2_bytewise(regexp)
        return regexp unless regexp.fixed_encoding?

        Regexp.new(regexp.source.b, (regexp.options & ~Regexp::FIXEDENCODING) | Regexp::NOENCODING)
      end

      def lt2_limit
        @lt2_limit ||= (self.class.const_defined?(:MaxBinaryLength) ? self.class : LineText2)::MaxBinaryLength
      end

      def lt2_text_limit
        lt2_limit
      end

      # Fast path: a small chunk of a long line, without a delimiter, is only appended. It applies if all pending
      # bytes have been searched.
      def lt2_continue(pending, data)
        is_searched = @lt2_scanned == pending.bytesize
        if is_searched && @lt2_mode == :lines && !data.include?(@lt2_delimiter)
          lt2_append(pending, data)
          return lt2_check_length(0)
        end

        pending = lt2_join(pending, is_searched) if @lt2_pieces
        @lt2_linebuffer = nil
        lt2_consume(pending << data, true)
      end

      def lt2_append(pending, data)
        if pending.bytesize < PIECE
          pending << data
        else
          (@lt2_pieces ||= []) << pending
          @lt2_linebuffer = data.dup
        end
        @lt2_scanned = @lt2_linebuffer.bytesize
      end

      # @param is_searched [Boolean] whether all of it has been searched
      def lt2_join(pending, is_searched)
        joined = @lt2_pieces.push(pending).join
        @lt2_pieces = nil
        @lt2_scanned = is_searched ? joined.bytesize : 0
        joined
      end

      # Callbacks may call receive_data and switch modes, so the rest of the input is a local variable while they
      # run. It is kept for the next chunk, even if one of them raises.
      #
      # @param owned [Boolean] whether the input is a buffer of this object's own
      def lt2_consume(input, owned)
        pos = searched = 0
        @lt2_dropped = false
        while pos < input.bytesize && @lt2_mode != :failed
          start = pos
          if @lt2_mode == :text
            pos += lt2_text_length(input.bytesize - pos)
            lt2_dispatch_text(input.byteslice(start, pos - start))
          else
            stop = lt2_find_line(input, start)
            break searched = input.bytesize unless stop

            pos = @lt2_line_after
            lt2_dispatch_line(input, start, stop)
          end
          pos = input.bytesize if @lt2_dropped
          input, pos, owned = lt2_rejoin(input, pos) if @lt2_linebuffer
        end
      ensure
        lt2_keep(owned && pos.zero? ? input : input.byteslice(pos, input.bytesize - pos), searched - pos)
      end

      # @return [Integer, nil] the end of the line; @lt2_line_after is the start of the next one
      def lt2_find_line(input, start)
        from = start + (@lt2_scanned || 0)
        @lt2_scanned = 0
        delimiter = @lt2_delimiter
        return lt2_find_match(input, start, from) if delimiter.is_a?(Regexp)

        stop = input.index(delimiter, from)
        @lt2_line_after = stop + delimiter.bytesize if stop
        stop
      end

      # An empty match at the start of the line would make no progress.
      def lt2_find_match(input, start, from)
        match = input.match(@lt2_delimiter, from)
        match = input.match(@lt2_delimiter, start + 1) if match && match.end(0) == start
        return unless match

        @lt2_line_after = match.end(0)
        match.begin(0)
      end

      def lt2_dispatch_line(input, start, stop)
        return lt2_fail("overlength line") if stop - start > lt2_limit

        stop -= 1 if @lt2_delimiter == "\n" && stop > start && input.getbyte(stop - 1) == 13
        receive_line(lt2_output(input.byteslice(start, stop - start)))
      end

      def lt2_text_length(available)
        return available unless @lt2_textsize

        held = @lt2_textbuffer&.bytesize || 0
        [@lt2_textsize - held, available].min
      end

      def lt2_dispatch_text(piece)
        return receive_binary_data(lt2_output(piece)) unless @lt2_textsize

        text = @lt2_textbuffer ? @lt2_textbuffer << piece : piece
        return @lt2_textbuffer = text if text.bytesize < @lt2_textsize

        @lt2_textbuffer = nil
        @lt2_mode = :lines
        receive_binary_data(lt2_output(text))
        receive_end_of_binary_data
      end

      def lt2_output(string)
        string.encoding == @lt2_encoding ? string : string.force_encoding(@lt2_encoding)
      end

      # A callback has called receive_data itself, with data that ends in an incomplete line.
      def lt2_rejoin(input, pos)
        joined = @lt2_linebuffer << input.byteslice(pos, input.bytesize - pos)
        @lt2_linebuffer = nil
        @lt2_scanned = 0
        [joined, 0, true]
      end

      # @param rest [String] the rest of the input
      # @param searched [Integer] how many of its bytes contain no delimiter
      def lt2_keep(rest, searched)
        return if rest.empty? || @lt2_mode == :failed

        @lt2_linebuffer = @lt2_linebuffer ? @lt2_linebuffer << rest : rest
        overlap = @lt2_delimiter.is_a?(Regexp) ? LOOKBEHIND : @lt2_delimiter.bytesize - 1
        @lt2_scanned = searched > overlap ? searched - overlap : 0
        lt2_check_length(overlap)
      end

      # @param overlap [Integer] how many of these bytes may belong to a delimiter
      def lt2_check_length(overlap)
        length = @lt2_linebuffer.bytesize + (@lt2_pieces ? @lt2_pieces.sum(&:bytesize) : 0)
        lt2_fail("overlength line") if length > lt2_limit + overlap
      end

      # Called within callbacks: data after the current line or text is not read.
      def lt2_drop_input
        @lt2_linebuffer = nil
        @lt2_dropped = true
      end

      def lt2_fail(message)
        @lt2_mode = :failed
        @lt2_linebuffer = @lt2_textbuffer = @lt2_pieces = nil
        receive_error(message) if respond_to?(:receive_error, true)
        close_connection if respond_to?(:close_connection, true)
      end
    end
  end
end
