# frozen_string_literal: true

require "ostruct"

module EventMachine
  module Protocols
    # Sends a message by SMTP (RFC 5321), in a connection of its own.
    #
    # @example
    #   email = EventMachine::Protocols::SmtpClient.send(
    #     domain: "example.com", host: "localhost", port: 25, starttls: true,
    #     from: "sender@example.com", to: ["to_1@example.com", "to_2@example.com"],
    #     header: { "Subject" => "This is a subject line" }, body: "This is the body of the email"
    #   )
    #   email.callback { puts "sent" }
    #   email.errback { |e| puts "failed: #{e.code} #{e.message}" }
    class SmtpClient < Connection
      include Deferrable
      include LineText2

      MAX_LINE_LENGTH = 64 * 1024
      MAX_REPLY_LINES = 1000
      REPLY = /\A(\d{3})(?:([ -])(.*))?\z/m
      END_OF_DATA = "\r\n.\r\n"
      UNSUPPORTED_AUTH = 900
      private_constant :MAX_LINE_LENGTH, :MAX_REPLY_LINES, :REPLY, :END_OF_DATA, :UNSUPPORTED_AUTH

      # Connects to a server and sends it a message.
      #
      # The outcome is told by an object with +code+ and +message+ (the last reply's number and lines),
      # +responder+ (the step that it was the reply to), +start_time+ and +elapsed_time+ in seconds. The
      # message is sent if the server takes one of the recipients at least.
      #
      # @param args [Hash]
      # @option args [String] :host
      # @option args [Integer] :port (25)
      # @option args [String] :domain what the client calls itself
      # @option args [Boolean, Hash] :starttls whether to go on under TLS; a Hash is what start_tls is given
      # @option args [Hash] :auth {type: :plain, username: String, password: String or something to call}
      # @option args [String] :from
      # @option args [String, Array<String>] :to
      # @option args [Hash, String] :header header fields; a String is sent as it is
      # @option args [String, Array<String>] :body what follows the header; the client escapes dots
      # @option args [String, Array<String>] :content instead of :header and :body, the whole message, with
      #   its dots escaped already; the end, CR LF "." CR LF, is added if it is missing
      # @option args [Boolean] :verbose whether to print what the server says
      # @raise [ArgumentError] if the domain or an address contains a line break
      # @return [SmtpClient] succeeds when the server has accepted the message
      def self.send(args = {})
        args = { port: 25 }.merge(args)
        args[:port] ||= 25
        [args[:domain], args[:from], *args[:to]].each do |word|
          raise ArgumentError, "line break in #{word.inspect}" if word.to_s.match?(/[\r\n]/)
        end
        EventMachine.connect(args[:host], args[:port], self) { |client| client.args = args }
      end

      # @param value [Hash] see {.send}
      attr_writer :args

      def initialize(*)
        super
        @succeeded = nil
        @responder = nil
        @code = nil
        @msg = nil
      end

      # @return [void]
      def post_init
        @return_values = OpenStruct.new
        @return_values.start_time = Time.now
      end

      # @return [void]
      def connection_completed
        expect_reply(:receive_signon)
      end

      # @return [void]
      def unbind
        return if @succeeded

        complete_return_values
        set_deferred_status(:failed, @return_values)
      end

      # @param line [String]
      # @return [void]
      # @api private
      def receive_line(line)
        $>.puts(line) if @args[:verbose]
        return if @responder.nil?

        _, code, separator, text = *REPLY.match(line)
        @code = code.to_i
        @msg << (code ? text : line)
        return invoke_internal_error("overlength reply") if @msg.size > MAX_REPLY_LINES
        return if separator == "-"

        @range = @code / 100
        handle_reply
      end

      private

      def lt2_limit
        MAX_LINE_LENGTH
      end

      def handle_reply
        $>.puts(@responder) if @args[:verbose]
        __send__(@responder)
      end

      # @param responder [Symbol] the method that reads the next reply
      def expect_reply(responder)
        @responder = responder
        @msg = []
      end

      def complete_return_values
        @return_values.elapsed_time = Time.now - @return_values.start_time
        @return_values.responder = @responder
        @return_values.code = @code
        @return_values.message = @msg
      end

      def command(line, responder)
        expect_reply(responder)
        send_data("#{line}\r\n")
      end

      # After it, what the server still says is not read, and the connection's end is the failure.
      def invoke_error
        complete_return_values
        @responder = nil
        set_deferred_status(:failed, @return_values)
        @succeeded = true
        send_data("QUIT\r\n")
        close_connection_after_writing
      end

      def invoke_internal_error(message = "???")
        @code = UNSUPPORTED_AUTH
        @msg = message
        invoke_error
      end

      def receive_signon
        return invoke_error unless @range == 2

        send_ehlo
      end

      def send_ehlo
        command("EHLO #{@args[:domain]}", :receive_ehlo_response)
      end

      def receive_ehlo_response
        return send_helo if @range == 5 && !@args[:starttls] && !@args[:auth] && !@helo
        return invoke_error unless @range == 2

        @server_caps = @msg
        @args[:starttls] ? invoke_starttls : invoke_auth
      end

      # For servers that know no extensions.
      def send_helo
        @helo = true
        command("HELO #{@args[:domain]}", :receive_ehlo_response)
      end

      def invoke_starttls
        command("STARTTLS", :receive_starttls_response)
      end

      # Whatever the server said in the clear after this reply is not trusted (RFC 3207).
      def receive_starttls_response
        return invoke_error unless @range == 2

        lt2_drop_input
        start_tls(@args[:starttls].is_a?(Hash) ? @args[:starttls] : {})
        invoke_ehlo_over_tls
      end

      def invoke_ehlo_over_tls
        command("EHLO #{@args[:domain]}", :receive_ehlo_over_tls_response)
      end

      def receive_ehlo_over_tls_response
        return invoke_error unless @range == 2

        @server_caps = @msg
        invoke_auth
      end

      def invoke_auth
        auth = @args[:auth]
        return invoke_mail_from unless auth
        return invoke_internal_error("unsupported auth type") unless auth[:type].to_s == "plain"

        password = auth[:password]
        password = password.call if password.respond_to?(:call)
        command("AUTH PLAIN #{["\0#{auth[:username]}\0#{password}"].pack('m0')}", :receive_auth_response)
      end

      def receive_auth_response
        return invoke_error unless @range == 2

        invoke_mail_from
      end

      def invoke_mail_from
        command("MAIL FROM:<#{@args[:from]}>", :receive_mail_from_response)
      end

      def receive_mail_from_response
        return invoke_error unless @range == 2

        invoke_rcpt_to
      end

      def invoke_rcpt_to
        @rcpt_responses ||= []
        recipients = recipient_list
        if @rcpt_responses.size < recipients.size
          command("RCPT TO:<#{recipients[@rcpt_responses.size]}>", :receive_rcpt_to_response)
        elsif @rcpt_responses.any? { |code, _| code / 100 == 2 }
          invoke_data
        else
          invoke_error
        end
      end

      def recipient_list
        to = @args[:to]
        to.is_a?(Array) ? to : [to]
      end

      def receive_rcpt_to_response
        @rcpt_responses << [@code, @msg]
        invoke_rcpt_to
      end

      def invoke_data
        command("DATA", :receive_data_response)
      end

      def receive_data_response
        return invoke_error unless @range == 3

        expect_reply(:receive_message_response)
        @args[:content] ? send_content : send_message
      end

      def send_content
        content = Array(@args[:content]).join
        send_data(content)
        return if content.end_with?(END_OF_DATA) || content == ".\r\n"

        send_data(content.end_with?("\r\n") ? ".\r\n" : END_OF_DATA)
      end

      def send_message
        send_header(@args[:header])
        body = Array(@args[:body]).join
        send_data(escape_leading_dots(body.gsub(/\r?\n/, "\r\n")))
        send_data(END_OF_DATA)
      end

      def send_header(header)
        return send_data("#{header}\r\n") if header.is_a?(String)

        header&.each { |name, value| send_data("#{name}: #{value}\r\n") }
        send_data("\r\n")
      end

      def receive_message_response
        return invoke_error unless @range == 2

        complete_return_values
        @responder = nil
        @succeeded = true
        send_data("QUIT\r\n")
        close_connection_after_writing
        set_deferred_status(:succeeded, @return_values)
      end

      # @param text [String]
      # @return [String] the text with each dot that begins a line doubled
      def escape_leading_dots(text)
        text.gsub(/^\./, "..")
      end
    end
  end
end
