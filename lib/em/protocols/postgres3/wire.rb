# frozen_string_literal: true

module EventMachine
  module Protocols
    class Postgres3 < Connection
      # Messages of PostgreSQL's frontend/backend protocol, version 3.
      # @api private
      module Wire
        VERSION = 196_608
        MAX_LENGTH = 256 * 1024 * 1024
        HEADER_LENGTH = 5

        module_function

        # @param parameters [Array<Array(String, String)>]
        # @return [String] the first message of a session
        # @raise [ArgumentError] if a parameter contains a NUL, which would end it
        def startup(parameters)
          words = parameters.flatten.map(&:b)
          raise ArgumentError, "NUL in a name for PostgreSQL" if words.any? { |word| word.include?("\0") }

          body = words.map { |word| word << "\0" }.join << "\0"
          [body.bytesize + 8, VERSION, body].pack("NNa*")
        end

        # @param type [String] one letter
        # @param body [String]
        # @return [String] a message
        def message(type, body = "")
          [type, body.bytesize + 4, body].pack("aNa*")
        end

        # @return [String] a message whose body is one text
        # @raise [ArgumentError] if the text contains a NUL, which would end it
        def text_message(type, text)
          text = text.b
          raise ArgumentError, "NUL in a text for PostgreSQL" if text.include?("\0")

          message(type, text << "\0")
        end

        # Splits the first message from a buffer.
        #
        # @param buffer [String]
        # @return [Array(String, String, String), nil] its type, its body and the rest of the buffer
        # @raise [ProtocolError] if the length is invalid
        def take(buffer)
          return if buffer.bytesize < HEADER_LENGTH

          type, length = buffer.unpack("aN")
          raise ProtocolError, "message of #{length} bytes" unless length.between?(4, MAX_LENGTH)
          return if buffer.bytesize < length + 1

          [type, buffer.byteslice(HEADER_LENGTH, length - 4), buffer.byteslice(length + 1, buffer.bytesize)]
        end

        # @return [Array<FieldInfo>] the columns of a RowDescription
        def row_description(body)
          reader = Reader.new(body)
          Array.new(reader.number("n", 2)) do
            FieldInfo.new(reader.text, reader.number("N", 4), reader.number("s>", 2), reader.number("N", 4),
                          reader.number("s>", 2), reader.number("l>", 4), reader.number("n", 2))
          end
        end

        # @return [Array<String, nil>] the values in a DataRow
        def data_row(body)
          reader = Reader.new(body)
          Array.new(reader.number("n", 2)) do
            size = reader.number("l>", 4)
            reader.bytes(size) unless size == -1
          end
        end

        # @return [Hash{String => String}] the fields of an ErrorResponse or NoticeResponse by their letters
        def error_fields(body)
          reader = Reader.new(body)
          fields = {}
          until reader.finished? || (letter = reader.bytes(1)) == "\0"
            fields[letter] = reader.text
          end
          fields
        end

        # Reads the parts of a message's body.
        class Reader
          # @param body [String]
          def initialize(body)
            @body = body
            @pos = 0
          end

          # @return [Boolean]
          def finished?
            @pos >= @body.bytesize
          end

          # @return [Integer]
          def number(format, size)
            bytes(size).unpack1(format)
          end

          # @return [String]
          # @raise [ProtocolError] if there are fewer
          def bytes(size)
            raise ProtocolError, "message cut short" if size.negative? || @pos + size > @body.bytesize

            @pos += size
            @body.byteslice(@pos - size, size)
          end

          # @return [String] the text before the next NUL
          # @raise [ProtocolError] if there is none
          def text
            stop = @body.index("\0", @pos)
            raise ProtocolError, "text without end" unless stop

            bytes(stop + 1 - @pos).chop
          end
        end
      end
    end
  end
end
