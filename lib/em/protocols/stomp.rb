# frozen_string_literal: true

module EventMachine
  module Protocols
    # Client of a message broker, by STOMP 1.0 (https://stomp.github.io/stomp-specification-1.0.html).
    #
    # Include it in a connection and define {#receive_msg}. A malformed frame, or one that is larger than
    # {LineText2::MaxBinaryLength}, is an error: `receive_error` is called with a message if the object has
    # that method, and the connection is closed.
    #
    # @example
    #   class Orders < EventMachine::Connection
    #     include EventMachine::Protocols::Stomp
    #
    #     def post_init
    #       connect(login: "shop", passcode: ENV.fetch("BROKER_PASSWORD"))
    #       subscribe("/queue/orders", true)
    #     end
    #
    #     def receive_msg(frame)
    #       return unless frame.command == "MESSAGE"
    #
    #       process_order(frame.body)
    #       ack(frame.headers["message-id"])
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
        end

        # Takes the next line of the frame's head.
        #
        # @param line [String]
        # @yield at the end of the head
        # @yieldparam form [Array] what follows: `[:sized_text, size]`, in bytes and with the NUL at the end,
        #   or `[:unsized_text]`
        # @return [void]
        def consume_line(line)
          if !line.empty?
            @command ? add_header(line) : @command = line
          elsif @command
            yield body_form
          end
          # Other empty lines stand between frames: brokers send them to keep the connection alive.
        end

        private

        def add_header(line)
          name, colon, value = line.partition(":")
          name.strip!
          @header[name] = value.strip unless colon.empty? || name.empty?
        end

        def body_form
          _, length = @header.find { |name, value| name.casecmp?("content-length") && value.match?(/\A\d+\z/) }
          length ? [:sized_text, length.to_i + 1] : [:unsized_text]
        end
      end

      MAX_HEAD_LENGTH = 1024 * 1024
      NUL = "\0"
      private_constant :MAX_HEAD_LENGTH, :NUL

      # Sends a frame, with the length and the type of its body among the headers.
      #
      # @param verb [String] such as "SEND"
      # @param headers [Hash]
      # @param body [#to_s]
      # @return [void]
      def send_frame(verb, headers = {}, body = "")
        text = body.to_s
        frame = String.new(stomp_head(verb, headers, text.bytesize), encoding: Encoding::BINARY)
        frame << text.b << NUL
        send_data(frame.force_encoding(text.encoding))
      end

      # Called with each frame. Override it.
      #
      # @param message [Message]
      # @return [void]
      def receive_msg(message); end

      # Logs in to the broker.
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
        send_frame("SEND", { **parms, destination: destination }, body)
      end

      # Subscribes to the messages of a destination.
      #
      # @param destination [String]
      # @param ack [Boolean] whether the client has to acknowledge messages with {#ack}
      # @return [void]
      def subscribe(destination, ack = false)
        mode = ack ? "client" : "auto"
        send_frame("SUBSCRIBE", { destination: destination, ack: mode })
      end

      # Acknowledges a message.
      #
      # @param message_id [String] its message-id header
      # @return [void]
      def ack(message_id)
        send_frame("ACK", { "message-id" => message_id })
      end

      # Starts to read a frame.
      #
      # @return [void]
      # @api private
      def init_message_reader
        @stomp_frame = Message.new
        @stomp_head_length = 0
        @stomp_in_body = false
        set_delimiter("\n")
        set_line_mode
      end

      # @return [void]
      # @api private
      def receive_line(line)
        init_message_reader unless @stomp_frame
        @stomp_in_body ? stomp_finish(line) : stomp_read_head(line)
      end

      # @return [void]
      # @api private
      def receive_binary_data(data)
        return lt2_fail("frame without end") unless data.getbyte(-1) == NUL.ord

        stomp_finish(data.byteslice(0...-1))
      end

      private

      def stomp_head(verb, headers, size)
        lines = headers.map { |name, value| "#{name.to_s.b}:#{value.to_s.b}\n" }
        "#{verb}\n#{lines.join}content-length: #{size}\ncontent-type: text/plain; charset=UTF-8\n\n"
      end

      def stomp_read_head(line)
        @stomp_head_length += line.bytesize
        return lt2_fail("overlength frame head") if @stomp_head_length > MAX_HEAD_LENGTH

        @stomp_frame.consume_line(line) do |form, size|
          @stomp_in_body = true
          form == :sized_text ? set_text_mode(size) : set_delimiter(NUL)
        end
      end

      def stomp_finish(body)
        frame = @stomp_frame
        frame.body = body
        init_message_reader
        receive_msg(frame)
      end
    end
  end
end
