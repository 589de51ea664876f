# frozen_string_literal: true

module EventMachine
  module Protocols
    # A connection whose peer sends requests that consist of header lines, an empty line, and a content. Its
    # length is in a header line ("Content-length: 12"). HTTP requests have this form.
    #
    # Subclasses define any of +receive_first_header_line(line)+, +receive_headers(lines)+ and
    # +receive_request(lines, content)+. Requests may follow one another.
    #
    # Two content-lengths in one request, a content longer than LineText2::MaxBinaryLength, and headers of more
    # than 1 MiB or 1,000 lines are errors: +receive_error+ is called with a message if the class has that
    # method, and the connection is closed.
    class HeaderAndContentProtocol < Connection
      include LineText2

      # The header line with the length of the content, in bytes.
      ContentLengthPattern = /\AContent-length:\s*(\d+)/i

      FIELD = /\A([^\s:]+)\s*:\s*/
      MAX_HEADER_LENGTH = 1024 * 1024
      # Each line is an object and a call, and others wait for all that come at once.
      MAX_HEADER_LINES = 1_000
      private_constant :FIELD, :MAX_HEADER_LENGTH, :MAX_HEADER_LINES

      # Converts header lines to a Hash.
      #
      # @param headers [Array<String>] lines such as "User-Agent: x"; malformed lines are skipped
      # @return [Hash{Symbol => String}] such as {user_agent: "x"}; of several equal names the last one counts
      def self.headers_2_hash(headers)
        headers.each_with_object({}) do |line, hash|
          match = FIELD.match(line)
          hash[match[1].downcase.tr("-", "_").to_sym] = match.post_match if match
        end
      end

      def initialize(*)
        super
        init_for_request
      end

      # @param line [String] a header line, or the empty line after the last one
      # @return [void]
      def receive_line(line)
        return lt2_fail("overlength header") if (@hc_header_length += line.bytesize + 1) > MAX_HEADER_LENGTH

        if line.empty?
          hc_end_headers unless @hc_headers.empty?
        else
          hc_header_line(line)
        end
      end

      # @param content [String] the content of a request
      # @return [void]
      def receive_binary_data(content)
        @hc_content = content
        dispatch_request
      end

      # @param headers [Array<String>] header lines
      # @return [Hash{Symbol => String}]
      # @see .headers_2_hash
      def headers_2_hash(headers)
        self.class.headers_2_hash(headers)
      end

      private

      def init_for_request
        @hc_headers = []
        @hc_header_length = 0
        @hc_content_length = nil
        @hc_content = ""
      end

      def hc_header_line(line)
        return lt2_fail("too many header lines") if @hc_headers.size >= MAX_HEADER_LINES

        if (length = line[ContentLengthPattern, 1])
          return lt2_fail("extraneous content-length header") if @hc_content_length

          @hc_content_length = length.to_i
        end
        @hc_headers << line
        return unless @hc_headers.size == 1 && respond_to?(:receive_first_header_line)

        receive_first_header_line(line)
      end

      def hc_end_headers
        receive_headers(@hc_headers) if respond_to?(:receive_headers)
        return dispatch_request unless @hc_content_length&.positive?

        set_text_mode(@hc_content_length)
      end

      def dispatch_request
        receive_request(@hc_headers, @hc_content) if respond_to?(:receive_request)
        init_for_request
      end
    end
  end
end
