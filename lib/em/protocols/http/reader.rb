# frozen_string_literal: true

require_relative "response"

module EventMachine
  module Protocols
    module Http
      # Reads one response from the bytes of a connection. Anything after it is dropped.
      # @api private
      class Reader
        include LineText2
        include Response

        MAX_LINE_LENGTH = 256 * 1024
        private_constant :MAX_LINE_LENGTH

        # @param head [Boolean] whether it is the response to a HEAD request
        # @param limit [Integer] maximum size of a body in bytes
        def initialize(head:, limit:)
          expect_response(head: head, limit: limit)
        end

        # @param line [String]
        # @return [void]
        def receive_line(line)
          super
          Http.read_on(self, self)
        end

        # @param text [String]
        # @return [void]
        def receive_binary_data(text)
          receive_binary_text(text)
          Http.read_on(self, self)
        end

        # @param message [String]
        # @return [void]
        def receive_error(message)
          fail_with(message)
        end

        private

        def lt2_limit
          MAX_LINE_LENGTH
        end

        def lt2_text_limit
          @content_limit
        end
      end

      # Switches a stream to the mode that a response has to read next.
      #
      # @param response [Response]
      # @param stream [LineText2]
      # @return [void]
      def self.read_on(response, stream)
        return stream.set_text_mode unless response.open?

        case (text = response.next_text)
        when :all then stream.set_text_mode
        when Integer then stream.set_text_mode(text)
        end
      end
    end
  end
end
