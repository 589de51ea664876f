# frozen_string_literal: true

module EventMachine
  module Protocols
    # Common parts of the HTTP clients.
    # @api private
    module Http
      # Maximum size of a response's body in bytes.
      MAX_CONTENT_LENGTH = 64 * 1024 * 1024

      # Parses one HTTP/1 response (RFC 9112), given as lines and texts. {#next_text} says what to read next. It
      # neither splits the stream nor does I/O.
      module Response
        STATUS_LINE = %r{\AHTTP/(\d\.\d)[ \t]+(\d{3})(?:[ \t]|\z)}i
        FIELD = /\A([^\s:]+)[ \t]*:[ \t]*(.*?)[ \t]*\z/m
        CHUNK_SIZE = /\A[ \t]*(\h{1,15})[ \t]*(?:;|\z)/
        MAX_HEADER_LENGTH = 256 * 1024
        private_constant :STATUS_LINE, :FIELD, :CHUNK_SIZE, :MAX_HEADER_LENGTH

        # @return [Array<String>] the status line and the header lines, as received
        attr_reader :header_lines

        # @return [Integer, nil]
        attr_reader :status

        # @return [String, nil] such as "1.1"
        attr_reader :version

        # @return [String] the body, as far as it was received
        attr_reader :content

        # @return [String, nil] what was wrong with the response
        attr_reader :internal_error

        # @return [Boolean] whether the response is complete
        def complete?
          @read_state == :complete
        end

        # @return [Boolean] whether more has to be read
        def open?
          @read_state != :complete && @read_state != :failed
        end

        # @return [Boolean] whether the connection can be used for another response
        def keep_alive?
          return false if !complete? || @until_close

          tokens = list("connection").map(&:downcase)
          version == "1.0" ? tokens.include?("keep-alive") : !tokens.include?("close")
        end

        # @return [Integer, Symbol, nil] how many bytes of text to read next, :all for everything, nil for a line
        def next_text
          case @read_state
          when :sized_text, :chunked_text then @text_length
          when :text then :all
          end
        end

        # @return [Hash{String => Array<String>}] the header fields by name, in lower case
        def headers
          @headers ||= unfolded_lines.each_with_object({}) do |line, fields|
            match = FIELD.match(line)
            (fields[match[1].downcase] ||= []) << match[2] if match
          end
        end

        # @param line [String] without its end
        # @return [void]
        def receive_line(line)
          case @read_state
          when :head then receive_header_line(line)
          when :chunk_header then receive_chunk_header(line)
          when :chunk_end then receive_chunk_end(line)
          when :trailer then receive_chunk_trailer(line)
          end
        end

        # Some servers send an empty line before a response.
        #
        # @return [void]
        def receive_header_line(line)
          return if line.empty? && @header_lines.empty?
          return unless fits?(line)
          return process_header if line.empty?
          return fail_with("no HTTP response") if @header_lines.empty? && !status_line?(line)

          @header_lines << line
        end

        # @return [void]
        def receive_chunk_header(line)
          match = CHUNK_SIZE.match(line)
          return fail_with("invalid chunk size") unless match

          expect_text(match[1].to_i(16), :chunked_text, :trailer)
        end

        # @return [void]
        def receive_chunk_trailer(line)
          return unless fits?(line)

          @read_state = :complete if line.empty?
        end

        # @param text [String] the text that {#next_text} asked for
        # @return [void]
        def receive_binary_text(text)
          case @read_state
          when :sized_text then receive_sized_text(text)
          when :chunked_text then receive_chunked_text(text)
          when :text then receive_text(text)
          end
        end

        # @return [void]
        def receive_sized_text(text)
          receive_text(text)
          @read_state = :complete
        end

        # @return [void]
        def receive_chunked_text(text)
          receive_text(text)
          @read_state = :chunk_end
        end

        # @return [void]
        def receive_text(text)
          return fail_with("overlength body") if @content.bytesize + text.bytesize > @content_limit

          @content << text
        end

        # Handles the end of the connection. A body without a length ends there. So does a chunked body whose
        # last line is missing, because some servers omit it.
        #
        # @return [void]
        def finish
          return unless open?

          %i[text trailer].include?(@read_state) ? @read_state = :complete : fail_with("incomplete response")
        end

        # @param message [String]
        # @return [void]
        def fail_with(message)
          @read_state = :failed
          @internal_error = message
        end

        private

        # @param head [Boolean] whether it is the response to a HEAD request, which has no body
        # @param limit [Integer] maximum size of a body in bytes
        def expect_response(head:, limit:)
          @head_request = head
          @content_limit = limit
          restart_response
        end

        def restart_response
          @read_state = :head
          @header_lines = []
          @header_length = 0
          @headers = nil
          @content = String.new
        end

        def fits?(line)
          @header_length += line.bytesize + 1
          fail_with("overlength header") if @header_length > MAX_HEADER_LENGTH
          open?
        end

        def status_line?(line)
          match = STATUS_LINE.match(line)
          return false unless match

          @version = match[1]
          @status = match[2].to_i
          true
        end

        # Responses 100 to 199 precede the final one; 101 is the last on its connection.
        def process_header
          return restart_response if @status.between?(100, 199) && @status != 101
          return @read_state = :complete if @head_request || [101, 204, 304].include?(@status)

          coding = list("transfer-encoding").last
          return expect_content(list("content-length").uniq) unless coding

          coding.casecmp?("chunked") ? @read_state = :chunk_header : expect_text_until_close
        end

        def expect_content(lengths)
          return expect_text_until_close if lengths.empty?
          return fail_with("invalid content length") unless lengths.one? && lengths[0].match?(/\A\d{1,18}\z/)

          expect_text(lengths[0].to_i, :sized_text, :complete)
        end

        def expect_text(size, state, state_after_nothing)
          return @read_state = state_after_nothing if size.zero?
          return fail_with("overlength body") if @content.bytesize + size > @content_limit

          @text_length = size
          @read_state = state
        end

        def expect_text_until_close
          @until_close = true
          @read_state = :text
        end

        def receive_chunk_end(line)
          line.empty? ? @read_state = :chunk_header : fail_with("chunk without end")
        end

        def list(name)
          headers.fetch(name, []).flat_map { |value| value.split(/\s*,\s*/) }
        end

        # Joins folded fields: a line that begins with white space continues the previous one.
        def unfolded_lines
          @header_lines.drop(1).each_with_object([]) do |line, lines|
            if line.match?(/\A[ \t]/) && !lines.empty?
              lines[-1] = "#{lines[-1].rstrip} #{line.strip}"
            else
              lines << line
            end
          end
        end
      end
    end
  end
end
