# frozen_string_literal: true

module EventMachine
  module Protocols
    # An SMTP server (RFC 5321).
    #
    # Subclasses override the receive_ methods. Those that decide about a command return true or false, or a
    # Deferrable, whose outcome is then the decision.
    #
    # A line longer than 1 MiB closes the connection.
    #
    # @example
    #   class Mailbox < EventMachine::Protocols::SmtpServer
    #     def receive_recipient(recipient)
    #       recipient == "<me@example.com>"
    #     end
    #
    #     def receive_data_chunk(lines)
    #       (@lines ||= []).concat(lines)
    #     end
    #
    #     def receive_message
    #       puts @lines
    #       true
    #     end
    #   end
    #   EventMachine.start_server("127.0.0.1", 2525, Mailbox)
    class SmtpServer < Connection
      include LineText2

      # Recognizes HELO, before the domain.
      HeloRegex = /\AHELO\s*/i

      # Recognizes EHLO, before the domain.
      EhloRegex = /\AEHLO\s*/i

      # Recognizes QUIT.
      QuitRegex = /\AQUIT/i

      # Recognizes MAIL FROM, before the sender.
      MailFromRegex = /\AMAIL FROM:\s*/i

      # Recognizes RCPT TO, before the recipient.
      RcptToRegex = /\ARCPT TO:\s*/i

      # Recognizes DATA.
      DataRegex = /\ADATA/i

      # Recognizes NOOP.
      NoopRegex = /\ANOOP/i

      # Recognizes RSET.
      RsetRegex = /\ARSET/i

      # Recognizes VRFY, before the user.
      VrfyRegex = /\AVRFY\s+/i

      # Recognizes EXPN, before the list.
      ExpnRegex = /\AEXPN\s+/i

      # Recognizes HELP.
      HelpRegex = /\AHELP/i

      # Recognizes STARTTLS.
      StarttlsRegex = /\ASTARTTLS/i

      # Recognizes AUTH, before the mechanism.
      AuthRegex = /\AAUTH\s+/i

      MAX_LINE_LENGTH = 1024 * 1024
      MAX_CHUNK_LENGTH = 1024 * 1024
      private_constant :MAX_LINE_LENGTH, :MAX_CHUNK_LENGTH

      @@parms = { chunksize: 4000, verbose: false }

      # Sets parameters of all servers. Other parameters do not change.
      #
      # @param parms [Hash]
      # @option parms [Integer] :chunksize (4000) how many lines receive_data_chunk gets at a time
      # @option parms [Boolean] :verbose (false) whether to print the commands
      # @option parms [Boolean, Symbol] :auth whether to offer AUTH; :required to refuse mail without
      # @option parms [Boolean, Symbol] :starttls whether to offer STARTTLS; :required to refuse mail without
      # @option parms [Hash] :starttls_options arguments of start_tls
      # @return [Hash] the parameters
      def self.parms=(parms = {})
        @@parms.merge!(parms)
      end

      def initialize(*)
        super
        @parms = @@parms
        init_protocol_state
      end

      # Sets parameters of this connection.
      #
      # @param parms [Hash] see {.parms=}
      # @return [Hash] the parameters
      def parms=(parms = {})
        @parms = @parms.merge(parms)
      end

      # @return [void]
      def post_init
        EventMachine.next_tick { send_server_greeting }
      end

      # @return [void]
      # @api private
      def send_server_greeting
        send_data("220 #{get_server_greeting}\r\n")
      end

      # @param line [String]
      # @return [void]
      # @api private
      def receive_line(line)
        puts ">>> #{line}" if @parms[:verbose]
        return process_data_line(line) if @state.include?(:data)
        return process_auth_line(line) if @state.include?(:auth_incomplete)

        process_command(line)
      end

      # Starts a new transaction, and calls {#receive_transaction}.
      #
      # @return [void]
      # @api private
      def reset_protocol_state
        init_protocol_state
        receive_transaction
      end

      # Resets the transaction, but not the session.
      #
      # @return [void]
      # @api private
      def init_protocol_state
        @state = (@state || []) & %i[starttls ehlo auth]
      end

      # @param domain [String]
      # @return [void]
      # @api private
      def process_helo(domain)
        if receive_ehlo_domain(domain.dup)
          send_data("250 #{get_server_domain}\r\n")
          greeted
        else
          send_data("550 Requested action not taken\r\n")
        end
      end

      # @param domain [String]
      # @return [void]
      # @api private
      def process_ehlo(domain)
        if receive_ehlo_domain(domain)
          lines = [get_server_domain, *extensions]
          last = lines.pop
          lines.each { |line| send_data("250-#{line}\r\n") }
          send_data("250 #{last}\r\n")
          greeted
        else
          send_data("550 Requested action not taken\r\n")
        end
      end

      # Pipelined input after the command is not read.
      #
      # @return [void]
      # @api private
      def process_quit
        send_data("221 Ok\r\n")
        lt2_drop_input
        close_connection_after_writing
      end

      # @return [void]
      # @api private
      def process_noop
        send_data("250 Ok\r\n")
      end

      # @return [void]
      # @api private
      def process_unknown
        send_data("500 Unknown command\r\n")
      end

      # @return [void]
      # @api private
      def process_help
        send_data("250 Ok, but unimplemented\r\n")
      end

      # @return [void]
      # @api private
      def process_vrfy
        send_data("502 Command not implemented\r\n")
      end

      # @return [void]
      # @api private
      def process_expn
        send_data("502 Command not implemented\r\n")
      end

      # @return [void]
      # @api private
      def process_rset
        reset_protocol_state
        receive_reset
        send_data("250 Ok\r\n")
      end

      # @param command [String] what follows AUTH
      # @return [void]
      # @api private
      def process_auth(command)
        return send_data("503 auth already issued\r\n") if @state.include?(:auth)

        mechanism, initial = command.split(/\s+/, 2)
        case mechanism&.upcase
        when "PLAIN" then start_auth(:plain, initial)
        when "LOGIN" then start_auth(:login, initial)
        else send_data("504 auth mechanism not available\r\n")
        end
      end

      # @param line [String] an answer to a challenge
      # @return [void]
      # @api private
      def process_auth_line(line)
        @state -= [:auth_incomplete]
        return send_data("501 authentication cancelled\r\n") if line == "*"

        answer = decode_auth(line)
        return send_data("501 malformed authentication data\r\n") unless answer

        @auth_mechanism == :plain ? auth_plain(answer) : auth_login(answer)
      end

      # @return [void]
      # @api private
      def process_data
        return send_data("503 Operation sequence error\r\n") unless @state.include?(:rcpt)

        settle(receive_data_command, method(:data_accepted),
               -> { send_data("550 Operation failed\r\n") })
      end

      # @param sender [String] what follows MAIL FROM:
      # @return [void]
      # @api private
      def process_mail_from(sender)
        if @parms[:starttls] == :required && !@state.include?(:starttls)
          send_data("550 This server requires STARTTLS before MAIL FROM\r\n")
        elsif @parms[:auth] == :required && !@state.include?(:auth)
          send_data("550 This server requires authentication before MAIL FROM\r\n")
        elsif @state.include?(:mail_from)
          send_data("503 MAIL already given\r\n")
        else
          settle(receive_sender(sender), -> { accept(:mail_from) },
                 -> { send_data("550 sender is unacceptable\r\n") })
        end
      end

      # @param recipient [String] what follows RCPT TO:
      # @return [void]
      # @api private
      def process_rcpt_to(recipient)
        return send_data("503 MAIL is required before RCPT\r\n") unless @state.include?(:mail_from)

        settle(receive_recipient(recipient), -> { accept(:rcpt) },
               -> { send_data("550 recipient is unacceptable\r\n") })
      end

      # Drops plaintext input after the command, and everything that the client said before it (RFC 3207).
      #
      # @return [void]
      # @api private
      def process_starttls
        return process_unknown unless @parms[:starttls]
        return send_data("503 TLS Already negotiated\r\n") if @state.include?(:starttls)
        return send_data("503 EHLO required before STARTTLS\r\n") unless @state.include?(:ehlo)

        send_data("220 Start TLS negotiation\r\n")
        lt2_drop_input
        start_tls(@parms[:starttls_options] || {})
        @state = [:starttls]
      end

      # @param line [String] a line of a message
      # @return [void]
      # @api private
      def process_data_line(line)
        return end_of_data if line == "."

        line = line.byteslice(1, line.bytesize) if line.start_with?(".")
        @databuffer << line
        @databuffer_length += line.bytesize
        flush_data if @databuffer.size > @parms[:chunksize] || @databuffer_length > MAX_CHUNK_LENGTH
      end

      # @return [void]
      def unbind
        connection_ended
      end

      # @return [String] the text after 220 in the first line. May be overridden.
      def get_server_greeting
        "EventMachine SMTP Server"
      end

      # @return [String] the text after 250 in the answer to HELO and EHLO. May be overridden.
      def get_server_domain
        "Ok EventMachine SMTP Server"
      end

      # Decides whether a client may continue. May be overridden.
      #
      # @param domain [String] the client's name, as it says
      # @return [Boolean]
      def receive_ehlo_domain(domain)
        true
      end

      # Checks user name and password. May be overridden.
      #
      # @param user [String]
      # @param password [String]
      # @return [Boolean, Deferrable]
      def receive_plain_auth(user, password)
        true
      end

      # Decides about the sender of a message. May be overridden.
      #
      # @param sender [String] as it was sent, "<me@example.com>" for instance
      # @return [Boolean, Deferrable]
      def receive_sender(sender)
        true
      end

      # Decides about a recipient of a message. May be overridden.
      #
      # @param recipient [String] as it was sent, "<me@example.com>" for instance
      # @return [Boolean, Deferrable]
      def receive_recipient(recipient)
        true
      end

      # Called when the client has reset the transaction. May be overridden.
      #
      # @return [void]
      def receive_reset; end

      # Decides whether a message may be sent. May be overridden.
      #
      # @return [Boolean, Deferrable]
      def receive_data_command
        true
      end

      # Called with lines of the message. May be overridden.
      #
      # @param lines [Array<String>] without line ends, at most :chunksize plus one
      # @return [void]
      def receive_data_chunk(lines); end

      # Called after the last line. Decides whether the message is accepted. May be overridden.
      #
      # @return [Boolean, Deferrable]
      def receive_message
        true
      end

      # Called when the connection has ended. May be overridden.
      #
      # @return [void]
      def connection_ended; end

      # Called when a transaction has ended and a new one may start. May be overridden.
      #
      # @return [void]
      def receive_transaction; end

      private

      def lt2_limit
        MAX_LINE_LENGTH
      end

      def process_command(line)
        case line
        when EhloRegex then process_ehlo($'.dup)
        when HeloRegex then process_helo($'.dup)
        when MailFromRegex then process_mail_from($'.dup)
        when RcptToRegex then process_rcpt_to($'.dup)
        when DataRegex then process_data
        when RsetRegex then process_rset
        when VrfyRegex then process_vrfy
        when ExpnRegex then process_expn
        when HelpRegex then process_help
        when NoopRegex then process_noop
        when QuitRegex then process_quit
        when StarttlsRegex then process_starttls
        when AuthRegex then process_auth($'.dup)
        else process_unknown
        end
      end

      def extensions
        names = []
        names << "STARTTLS" if @parms[:starttls] && !@state.include?(:starttls)
        names << "AUTH PLAIN LOGIN" if @parms[:auth]
        names.push("NO-SOLICITING", "SIZE 20000000")
      end

      def greeted
        reset_protocol_state
        @state |= [:ehlo]
      end

      def accept(step)
        send_data("250 Ok\r\n")
        @state << step unless @state.include?(step)
      end

      def settle(decision, accepted, refused)
        if decision.respond_to?(:callback)
          decision.callback { accepted.call }
          decision.errback { refused.call }
        else
          decision ? accepted.call : refused.call
        end
      end

      def data_accepted
        send_data("354 Send it\r\n")
        @state << :data
        @databuffer = []
        @databuffer_length = 0
      end

      def flush_data
        lines = @databuffer
        @databuffer = []
        @databuffer_length = 0
        receive_data_chunk(lines)
      end

      def end_of_data
        flush_data unless @databuffer.empty?
        @state -= %i[data mail_from rcpt]
        settle(receive_message, -> { end_transaction("250 Message accepted\r\n") },
               -> { end_transaction("550 Message rejected\r\n") })
      end

      def end_transaction(reply)
        send_data(reply)
        reset_protocol_state
      end

      def start_auth(mechanism, initial)
        @auth_mechanism = mechanism
        @auth_user = nil
        if initial && !initial.empty?
          process_auth_line(initial)
        else
          challenge(mechanism == :plain ? "" : "Username:")
        end
      end

      def challenge(text)
        @state << :auth_incomplete
        send_data("334 #{[text].pack('m0')}\r\n")
      end

      # The initial response "=" is empty (RFC 4954).
      def decode_auth(line)
        line == "=" ? "" : line.strip.unpack1("m0")
      rescue ArgumentError
        nil
      end

      def auth_plain(answer)
        _, user, password = answer.split("\0", 3)
        check_auth(user, password)
      end

      def auth_login(answer)
        return check_auth(@auth_user, answer) if @auth_user

        @auth_user = answer
        challenge("Password:")
      end

      def check_auth(user, password)
        settle(receive_plain_auth(user, password), method(:authenticated),
               -> { send_data("535 invalid authentication\r\n") })
      end

      def authenticated
        send_data("235 authentication ok\r\n")
        @state << :auth
      end
    end
  end
end
