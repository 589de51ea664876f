# frozen_string_literal: true

module EventMachine
  module Protocols
    # A client of message brokers that speak STOMP.
    #
    # Include it in a module or class of a connection and define +receive_msg+. A frame that is no STOMP,
    # or larger than LineText2::MaxBinaryLength, is an error: +receive_error+ is called with a message if the
    # object has that method, and the connection is closed.
    #
    # @example
    #   module Consumer
    #     include EventMachine::Protocols::Stomp
    #
    #     def connection_completed
    #       connect(login: "guest", passcode: "guest")
    #     end
    #
    #     def receive_msg(message)
    #       case message.command
    #       when "CONNECTED" then subscribe("/queue/example")
    #       when "MESSAGE" then puts message.body
    #       end
    #     end
    #   end
    module Stomp
      include LineText2

      # A frame from the broker.
      class Message
        # @return [String] such as "MESSAGE"
        attr_accessor :command

        # @return [Hash{String => String}]
        attr_accessor :header

        # @return [String]
        attr_accessor :body

        alias headers header

        def initialize
          @header = {}
          @state = :precommand
          @content_length = nil
        end

        # Takes the next line of the frame's head.
        #
        # @param line [String]
        # @yield at the end of the head, what the body is
        # @yieldparam outcome [Array] [:sized_text, bytes with the closing NUL], or [:unsized_text]
        # @return [void]
        def consume_line(line)
          if @state == :precommand
            take_command(line)
          elsif line.empty?
            @state = :body
            yield(@content_length ? [:sized_text, @content_length + 1] : [:unsized_text])
          else
            take_header(line)
          end
        end

        private

        # Brokers send newlines between frames to keep the connection alive.
        def take_command(line)
          return if line.empty?

          @command = line
          @state = :headers
        end

        def take_header(line)
          name, value = line.split(":", 2).map(&:strip)
          return if value.nil? || name.empty?

          @header[name] = value
          @content_length = value.to_i if name.casecmp?("content-length") && value.match?(/\A\d+\z/)
        end
      end

      MAX_HEAD_LENGTH = 1024 * 1024
      private_constant :MAX_HEAD_LENGTH

      # Sends a frame, with the length and the type of its body among the headers.
      #
      # @param verb [String] such as "SEND"
      # @param headers [Hash]
      # @param body [#to_s]
      # @return [void]
      def send_frame(verb, headers = {}, body = "")
        body = body.to_s
        head = [verb, *headers.map { |name, value| "#{name.to_s.b}:#{value.to_s.b}" },
                "content-length: #{body.bytesize}", "content-type: text/plain; charset=UTF-8", "", ""]
        send_data("#{head.join("\n").b}#{body.b}\0".force_encoding(body.encoding))
      end

      # Called with each frame. To be overridden.
      #
      # @param message [Message]
      # @return [void]
      def receive_msg(message); end

      # Introduces the client to the broker.
      #
      # @param parms [Hash] headers, such as login and passcode
      # @return [void]
      def connect(parms = {})
        send_frame("CONNECT", parms)
      end

      # Sends a message.
      #
      # @param destination [String]
      # @param body [#to_s]
      # @param parms [Hash] more headers
      # @return [void]
      def send(destination, body, parms = {})
        send_frame("SEND", parms.merge(destination: destination), body)
      end

      # Asks for the messages to a destination.
      #
      # @param destination [String]
      # @param ack [Boolean] whether the messages are to be acknowledged by {#ack}
      # @return [void]
      def subscribe(destination, ack = false)
        send_frame("SUBSCRIBE", destination: destination, ack: ack ? "client" : "auto")
      end

      # Acknowledges a message.
      #
      # @param message_id [String] its message-id header
      # @return [void]
      def ack(message_id)
        send_frame("ACK", "message-id" => message_id)
      end

      # Starts to read a frame.
      #
      # @return [void]
      # @api private
      def init_message_reader
        @stomp_initialized = true
        @stomp_message = Message.new
        @stomp_head_length = 0
        @stomp_body_sized = nil
        set_delimiter("\n")
        set_line_mode
      end

      # @return [void]
      # @api private
      def receive_line(line)
        init_message_reader unless @stomp_initialized
        return stomp_dispatch(line) if @stomp_body_sized == false

        @stomp_head_length += line.bytesize unless line.empty?
        return lt2_fail("overlength frame head") if @stomp_head_length > MAX_HEAD_LENGTH

        @stomp_message.consume_line(line) { |kind, size| stomp_start_body(kind, size) }
      end

      # @return [void]
      # @api private
      def receive_binary_data(data)
        return lt2_fail("frame without end") unless data.end_with?("\0".dup.force_encoding(data.encoding))

        stomp_dispatch(data.byteslice(0, data.bytesize - 1))
      end

      private

      def stomp_start_body(kind, size)
        @stomp_body_sized = kind == :sized_text
        @stomp_body_sized ? set_text_mode(size) : set_delimiter("\0")
      end

      def stomp_dispatch(body)
        message = @stomp_message
        message.body = body
        init_message_reader
        receive_msg(message)
      end
    end
  end
end
