# frozen_string_literal: true

module EventMachine
  class Stream < Connection
    # What a {Stream} reads. Strings are binary. At the end of the input they are as IO's: nil, an empty String, or
    # an EOFError.
    module Reading
      # No input, which is replaced by what comes.
      NOTHING = String.new.freeze
      private_constant :NOTHING

      # Reads so many bytes, or all until the end of the input.
      #
      # @param length [Integer, nil] nil for all
      # @return [String, nil] fewer bytes at the end; nil if there are none and a positive length was given
      # @raise [ArgumentError, TypeError] if the length is negative, or no Integer
      def read(length = nil)
        check_size("length", length, 0) unless length.nil?

        fill { length && @input.bytesize >= length }
        return take(@input.bytesize) unless length

        data = take(length)
        data unless data.empty? && length.positive?
      end

      # Reads what there is; waits only where there is nothing.
      #
      # @param most [Integer] bytes, at least 1
      # @return [String]
      # @raise [EOFError] at the end of the input
      # @raise [ArgumentError, TypeError] if it is not positive, or no Integer
      def readpartial(most)
        check_size("length", most, 1)
        fill_any if @input.empty? || @closed
        take(most)
      end

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
        check_separator(separator) unless separator.nil?
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
        fill { !@input.empty? }
        @input.empty?
      end
      alias eof eof?

      # @!visibility private
      def receive_data(data)
        @input.empty? ? @input = data : @input << data
        @reader ? @reading_by.unblock(self, @reader) : stop_reading
      end

      # @!visibility private
      def receive_eof
        @input_ended = true
        wake
      end

      private

      def start_reading
        @input = NOTHING
        @waiting = {}.compare_by_identity
        @reader = @reading_by = nil
        @stopped = false
      end

      def check_size(name, size, least)
        # There is no limit to what may be asked for.
        EventMachine.__send__(:check_size, name, size, least) unless size.is_a?(Integer) && size >= least
      end

      def check_separator(separator)
        raise TypeError, "the separator must be a String: #{separator.inspect}" unless separator.is_a?(String)
        raise ArgumentError, "the separator is empty" if separator.empty?
      end

      # Waits until the block says that there is enough, or for the end of the input.
      def fill
        raise_closed if @closed
        return if yield

        deadline = @timeout && (now + @timeout)
        wait_for_input(deadline) until @input_ended || yield
        raise_own(@fault) if @fault && !yield
      end

      # As {#fill}, for anything: what most streams do most of the time.
      def fill_any
        raise_closed if @closed
        deadline = @timeout && (now + @timeout)
        wait_for_input(deadline) until @input_ended || !@input.empty?
        raise_own(@fault || EOFError.new("end of file reached")) if @input.empty?
      end

      # Takes the first bytes.
      def take(size)
        if size >= @input.bytesize
          data = @input.frozen? ? String.new : @input
          @input = NOTHING
        else
          data = @input.byteslice(0, size)
          @input = @input.byteslice(size..)
        end
        resume_reading if @stopped
        data
      end

      # Waits for a line, and says how long it is.
      def line_size(separator, limit)
        from = 0
        found = nil
        fill do
          found = separator && @input.index(separator.b, from)
          from = [@input.bytesize - separator.bytesize + 1, 0].max if separator
          found || (limit && @input.bytesize >= limit)
        end
        size = found ? found + separator.bytesize : @input.bytesize
        limit ? [size, limit].min : size
      end

      def stop_reading
        return if @stopped || @input.bytesize < @read_limit

        @stopped = true
        EventMachine.__send__(:set_reading, signature, false)
      end

      def resume_reading
        return unless @reader || @input.bytesize < @read_limit

        @stopped = false
        EventMachine.__send__(:set_reading, signature, true)
      end
    end
    private_constant :Reading
  end
end
