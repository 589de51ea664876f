# frozen_string_literal: true

module EventMachine
  class Stream < Connection
    # What a {Stream} reads. Strings are binary. At the end of the input they are as IO's: nil, an empty String, or
    # an EOFError.
    module Reading
      include StreamRead

      # Reads so many bytes, or all until the end of the input.
      #
      # @param length [Integer, nil] nil for all
      # @return [String, nil] fewer bytes at the end; nil if there are none and a positive length was given
      # @raise [ArgumentError, TypeError] if the length is negative, or no Integer
      def read(length = nil)
        check_size("length", length, 0) unless length.nil?

        size = fill { |input| length && input.bytesize >= length }.bytesize
        return take(size) unless length

        data = take([length, size].min)
        data unless data.empty? && length.positive?
      end

      # @!method readpartial(most)
      #   Reads what there is; waits only where there is nothing.
      #
      #   @param most [Integer] bytes, at least 1
      #   @return [String]
      #   @raise [EOFError] at the end of the input
      #   @raise [ArgumentError, TypeError] if it is not positive, or no Integer

      # Reads a line.
      #
      # @param separator [String, nil] what lines end with; nil for the whole input
      # @param limit [Integer, nil] the most bytes to read: of what comes from strangers, a line may be as long as the
      #   memory
      # @param chomp [Boolean] whether to leave out the separator
      # @return [String, nil] nil at the end of the input
      # @raise [ArgumentError] if the separator is empty, or the limit not positive
      # @raise [TypeError] if the separator is no String, or the limit no Integer
      def gets(separator = "\n", limit: nil, chomp: false)
        check_size("limit", limit, 1) unless limit.nil?
        separator = check_separator(separator) unless separator.nil?
        size = line_size(separator, limit)
        return if size.zero?

        line = take(size)
        chomp && separator ? line.chomp(separator) : line
      end

      # Reads line after line, until the end of the input.
      #
      # @param separator [String, nil] as {#gets}
      # @param options [Hash] as {#gets}
      # @yieldparam line [String]
      # @return [Stream, Enumerator] an Enumerator without a block
      def each_line(separator = "\n", **options)
        return to_enum(:each_line, separator, **options) unless block_given?

        while (line = gets(separator, **options))
          yield line
        end
        self
      end

      # Waits until there is something to read, or the input has ended.
      #
      # @return [Boolean] whether it has ended
      def eof?
        fill { |input| !input.empty? }.empty?
      end
      alias eof eof?

      # @!visibility private
      def receive_eof
        @stream_state.end_input
        wake
      end

      private

      # A proxy begins, whose share is what nobody has read, too.
      def forward_unread(target, bufsize, length)
        unread = @stream_state.input.bytesize
        return if unread.zero?

        unless length.zero?
          EventMachine.disable_proxy(self)
          proxy_rest(target, bufsize, length - unread)
          unread = [unread, length].min
        end
        target.send_data(take(unread))
      end

      def proxy_rest(target, bufsize, rest)
        if rest.positive?
          EventMachine.start_proxy(signature, target.signature, bufsize, rest)
        else
          EventMachine.next_tick { proxy_completed }
        end
      end

      def check_size(name, size, least)
        # There is no limit to what may be asked for.
        EventMachine.__send__(:check_size, name, size, least) unless size.is_a?(Integer) && size >= least
      end

      def check_separator(separator)
        raise TypeError, "the separator must be a String: #{separator.inspect}" unless separator.is_a?(String)
        raise ArgumentError, "the separator is empty" if separator.empty?

        separator.b
      end

      # Waits until the block says that there is enough, or for the end of the input; returns what there is.
      def fill
        raise_closed
        deadline = new_deadline
        input = @stream_state.input
        until (enough = yield input) || @stream_state.input_ended?
          await_input(deadline && left_until(deadline))
          input = @stream_state.input
        end
        raise_own(@fault) if @fault && !enough
        input
      end

      # As {#fill}, for anything.
      def fill_any
        raise_own(EOFError.new("end of file reached")) if fill { |input| !input.empty? }.empty?
      end

      # Waits for a line, and says how long it is.
      def line_size(separator, limit)
        from = 0
        found = seen = nil
        input = fill do |data|
          # Another fiber may have taken of it.
          from = 0 unless data.equal?(seen)
          seen = data
          found = separator && data.index(separator, from)
          from = [data.bytesize - separator.bytesize + 1, 0].max if separator
          found || (limit && data.bytesize >= limit)
        end
        size = found ? found + separator.bytesize : input.bytesize
        limit ? [size, limit].min : size
      end
    end
    private_constant :Reading
  end
end
