# frozen_string_literal: true

require_relative "smtp/mail_data"

module EventMachine
  module Protocols
    # Sends a message by SMTP (RFC 5321), in a connection of its own.
    #
    # @example
    #   delivery = EventMachine::Protocols::SmtpClient.send(
    #     host: "localhost", domain: "client.example.org", from: "monitor@example.org",
    #     to: %w[ann@example.org bob@example.org], header: { "Subject" => "Disk full" }, body: "/var: 98 %"
    #   )
    #   delivery.callback { |outcome| puts "accepted after #{outcome.elapsed_time} s" }
    #   delivery.errback { |outcome| puts "refused: #{outcome.code}" }
    class SmtpClient < Connection
      include Deferrable
      include LineText2
      include Smtp::MailData

      # What the callbacks are given.
      #
      # @!attribute start_time
      #   @return [Time] when the connection was made
      # @!attribute elapsed_time
      #   @return [Float] seconds until the outcome
      # @!attribute responder
      #   @return [Symbol] the step that the last reply was for
      # @!attribute code
      #   @return [Integer, nil] the last reply's number; 900 for an error of the client's own
      # @!attribute message
      #   @return [Array<String>, String] the last reply's lines; what the client's own error was
      Outcome = Struct.new(:start_time, :elapsed_time, :responder, :code, :message)

      MAX_LINE_LENGTH = 64 * 1024
      MAX_REPLY_LINES = 1000
      REPLY = /\A(\d{3})(?:([ -])(.*))?\z/m
      OWN_ERROR = 900
      SILENCE_LIMIT = 60
      private_constant :MAX_LINE_LENGTH, :MAX_REPLY_LINES, :REPLY, :OWN_ERROR, :SILENCE_LIMIT

      # Connects to a server and sends it a message.
      #
      # The message is sent if the server takes one of the recipients at least. It is given by `message`, by
      # `content`, or by `header` and `body`; texts are sent byte by byte, whatever their encoding. A server
      # that is silent for 60 seconds has failed: `comm_inactivity_timeout=` sets another limit.
      #
      # @param args [Hash]
      # @option args [String] :host
      # @option args [Integer] :port (25)
      # @option args [String] :domain what the client calls itself
      # @option args [Boolean, Hash] :starttls whether to go on under TLS; a Hash is what start_tls is given
      # @option args [Hash] :auth {type: :plain, username: String, password: String or something to call}
      # @option args [String] :from
      # @option args [String, Array<String>] :to
      # @option args [String, Array<String>] :message the whole message, header and all (RFC 5322); line ends
      #   become CR LF, and the client escapes dots
      # @option args [String, Array<String>] :content the whole message as it goes over the line, with its
      #   dots escaped already; the end, CR LF "." CR LF, is added if it is missing
      # @option args [Hash, String] :header header fields, one for each element where the value is an Array;
      #   a String is sent as it is
      # @option args [String, Array<String>] :body what follows the header, treated as `message` is
      # @option args [Boolean] :verbose whether to print what the server says
      # @raise [ArgumentError] if the domain or an address contains a line break
      # @return [SmtpClient] succeeds, with an {Outcome}, when the server has accepted the message
      def self.send(args = {})
        args = { port: 25 }.merge(args)
        args[:port] ||= 25
        [args[:domain], args[:from], *args[:to]].each do |word|
          raise ArgumentError, "line break in #{word.inspect}" if word.to_s.b.match?(/[\r\n]/n)
        end
        EventMachine.connect(args[:host], args[:port], self) do |client|
          client.args = args
          client.comm_inactivity_timeout = SILENCE_LIMIT
        end
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
        @return_values = Outcome.new(Time.now)
      end

      # @return [void]
      def connection_completed
        await(:receive_signon)
      end

      # @return [void]
      def unbind
        fail(outcome) unless @succeeded
      end

      # @param line [String]
      # @return [void]
      # @api private
      def receive_line(line)
        puts(line) if @args[:verbose]
        return unless @responder

        _, code, separator, text = *REPLY.match(line)
        @code = code.to_i
        @msg << (code ? text : line)
        return invoke_internal_error("overlength reply") if @msg.size > MAX_REPLY_LINES

        receive_reply unless separator == "-"
      end

      private

      # The steps that do no more than to look at the reply: its first digit, where all is well, and what is
      # next.
      {
        receive_signon: [2, :send_ehlo],
        receive_auth_response: [2, :invoke_mail_from],
        receive_mail_from_response: [2, :invoke_rcpt_to],
        receive_data_response: [3, :send_mail],
        receive_message_response: [2, :finish]
      }.each do |step, (digit, next_step)|
        define_method(step) { @range == digit ? __send__(next_step) : invoke_error }
      end

      def send_ehlo
        command("EHLO #{@args[:domain]}", :receive_ehlo_response)
      end

      def receive_ehlo_response
        return send_helo if @range == 5 && !@helo && !@args[:starttls] && !@args[:auth]

        receive_extensions { @args[:starttls] ? invoke_starttls : invoke_auth }
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

        options = @args[:starttls]
        lt2_drop_input
        start_tls(options.is_a?(Hash) ? options : {})
        invoke_ehlo_over_tls
      end

      def invoke_ehlo_over_tls
        command("EHLO #{@args[:domain]}", :receive_ehlo_over_tls_response)
      end

      def receive_ehlo_over_tls_response
        receive_extensions { invoke_auth }
      end

      def receive_extensions
        return invoke_error unless @range == 2

        @server_caps = @msg
        yield
      end

      def invoke_auth
        auth = @args[:auth]
        return invoke_mail_from unless auth
        return invoke_internal_error("unsupported auth type") unless plain?(auth)

        password = auth[:password]
        password = password.call if password.respond_to?(:call)
        words = ["", auth[:username], password].map { |word| word.to_s.b }
        command("AUTH PLAIN #{[words.join("\0")].pack('m0')}", :receive_auth_response)
      end

      def plain?(auth)
        auth.is_a?(Hash) && auth[:type].to_s == "plain"
      end

      def invoke_mail_from
        command("MAIL FROM:<#{@args[:from]}>", :receive_mail_from_response)
      end

      # One recipient after the other; those that were refused do not keep the mail from the rest.
      def invoke_rcpt_to
        @rcpt_responses ||= []
        to = @args[:to]
        recipients = to.is_a?(Array) ? to : [to]
        if @rcpt_responses.size < recipients.size
          command("RCPT TO:<#{recipients[@rcpt_responses.size]}>", :receive_rcpt_to_response)
        else
          @rcpt_responses.any? { |code, _| code / 100 == 2 } ? invoke_data : invoke_error
        end
      end

      def receive_rcpt_to_response
        @rcpt_responses.push([@code, @msg])
        invoke_rcpt_to
      end

      def invoke_data
        command("DATA", :receive_data_response)
      end

      def send_mail
        await(:receive_message_response)
        send_data(mail_data)
      end

      def finish
        quit { |outcome| succeed(outcome) }
      end

      # The server has refused.
      def invoke_error
        quit { |outcome| fail(outcome) }
      end

      # The client cannot go on.
      def invoke_internal_error(message = "internal error")
        @code = OWN_ERROR
        @msg = message
        invoke_error
      end

      # Tells the outcome, and reads no more of what the server says.
      def quit
        told = outcome
        @responder = nil
        @succeeded = true
        send_data("QUIT\r\n")
        close_connection_after_writing
        yield told
      end

      def outcome
        @return_values.elapsed_time = Time.now - @return_values.start_time
        @return_values.responder = @responder
        @return_values.code = @code
        @return_values.message = @msg
        @return_values
      end

      def command(line, responder)
        await(responder)
        send_data("#{line}\r\n")
      end

      # @param responder [Symbol] the method that the next reply is for
      def await(responder)
        @responder = responder
        @msg = []
      end

      def receive_reply
        puts(@responder) if @args[:verbose]
        @range = @code / 100
        __send__(@responder)
      end

      def lt2_limit
        MAX_LINE_LENGTH
      end
    end
  end
end
