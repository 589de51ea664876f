# frozen_string_literal: true

require "digest"

module EventMachine
  module Protocols
    # A client for PostgreSQL, over TCP or a Unix domain socket.
    #
    # The Deferrables of {#connect} and {#query} always succeed; their first argument says whether it worked.
    # Queries are answered in the order in which they were made.
    #
    # @example
    #   session = EventMachine.connect("localhost", 5432, EventMachine::Protocols::Postgres3)
    #   session.connect("shop", "clerk", "secret").callback do |connected, reason|
    #     abort(reason) unless connected
    #   end
    #   session.query("select name, price from articles").callback do |success, result, errors|
    #     puts(success ? result.rows.map { |name, price| "#{name}: #{price}" } : errors)
    #   end
    class Postgres3 < Connection
      autoload :Scram, "em/protocols/postgres3/scram"
      autoload :Wire, "em/protocols/postgres3/wire"

      # The server has sent an invalid message.
      class ProtocolError < StandardError
      end

      # A column of a result.
      FieldInfo = Struct.new(:name, :oid, :attr_nr, :type_oid, :typlen, :atttypmod, :formatcode)

      # Result of a query: rows (Array<Array<String, nil>>), fields (Array<FieldInfo>) and cmd_tag (String,
      # such as "SELECT 3").
      Result = Struct.new(:rows, :fields, :cmd_tag)

      AUTHENTICATED = 0
      CLEARTEXT_PASSWORD = 3
      MD5_PASSWORD = 5
      SASL = 10
      SASL_CONTINUE = 11
      SASL_FINAL = 12
      private_constant :AUTHENTICATED, :CLEARTEXT_PASSWORD, :MD5_PASSWORD, :SASL, :SASL_CONTINUE, :SASL_FINAL

      Query = Struct.new(:message, :deferrable, :result, :errors)
      private_constant :Query

      # @return [Hash{String => String}] parameters of the server, such as server_version
      attr_reader :parameters

      def initialize
        super
        @data = String.new
        @parameters = {}
        @queries = []
      end

      # Starts a session.
      #
      # @param db [String] the database
      # @param user [String]
      # @param psw [String, #call, nil] the password, or a callable that returns it, if the server asks for one:
      #   in clear text, by MD5 or by SCRAM-SHA-256
      # @raise [ArgumentError] if a name contains a NUL
      # @return [DefaultDeferrable] succeeds with true, or with false and a message (String)
      def connect(db, user, psw = nil)
        @user = user.to_s
        @password = psw
        @pending_conn = DefaultDeferrable.new
        send_data(Wire.startup([["user", @user], ["database", db.to_s]]))
        @pending_conn
      end

      # Runs SQL. Several statements share one result.
      #
      # @param sql [String]
      # @raise [ArgumentError] if it contains a NUL
      # @return [DefaultDeferrable] succeeds with true or false, a {Result} and an Array of messages (String)
      def query(sql)
        query = Query.new(Wire.text_message("Q", sql), DefaultDeferrable.new, Result.new([], [], nil), [])
        if @closed
          query.deferrable.succeed(false, query.result, ["lost connection"])
        else
          @queries << query
          send_next_query if @ready
        end
        query.deferrable
      end

      # Takes the next chunk of the stream. An invalid message closes the connection.
      #
      # @param data [String] any number of bytes
      # @return [void]
      def receive_data(data)
        return if @closed

        @data << data.b
        while (type, body = next_message)
          dispatch_message(type, body)
        end
      rescue ProtocolError => e
        give_up(e.message)
      end

      # @return [void]
      def unbind
        give_up("lost connection")
      end

      private

      def next_message
        type, body, rest = Wire.take(@data) unless @closed
        return unless type

        @data = rest
        [type, body]
      end

      def dispatch_message(type, body)
        case type
        when "R" then authenticate(body)
        when "S" then store_parameter(body)
        when "E" then handle_error(Wire.error_fields(body))
        when "Z" then handle_ready
        when "N", "A", "K" then nil
        else dispatch_query_message(type, body)
        end
      end

      def dispatch_query_message(type, body)
        query = @queries.first
        raise ProtocolError, "message #{type.inspect} that nothing asked for" if query.nil? || @pending_conn

        case type
        when "T" then query.result.fields = Wire.row_description(body)
        when "D" then query.result.rows << Wire.data_row(body)
        when "C" then query.result.cmd_tag = body.chomp("\0")
        when "G" then send_data(Wire.text_message("f", "COPY from the client is not supported"))
        when "I", "H", "W", "d", "c" then nil
        else raise ProtocolError, "unknown message #{type.inspect}"
        end
      end

      def store_parameter(body)
        reader = Wire::Reader.new(body)
        @parameters[reader.text] = reader.text
      end

      def authenticate(body)
        reader = Wire::Reader.new(body)
        rest = -> { body.byteslice(4, body.bytesize) }
        case (kind = reader.number("N", 4))
        when AUTHENTICATED then @scram&.check_verified
        when CLEARTEXT_PASSWORD then send_password(password)
        when MD5_PASSWORD then send_password(md5(reader.bytes(4)))
        when SASL then start_scram(rest.call.split("\0"))
        when SASL_CONTINUE then send_data(Wire.message("p", scram.client_final(rest.call)))
        when SASL_FINAL then scram.verify(rest.call)
        else raise ProtocolError, "authentication of kind #{kind} is not supported"
        end
      end

      def send_password(text)
        send_data(Wire.text_message("p", text))
      end

      def password
        @password = @password.call if @password.respond_to?(:call)
        raise ProtocolError, "the server wants a password" unless @password

        @password.to_s
      end

      def md5(salt)
        "md5#{Digest::MD5.hexdigest(Digest::MD5.hexdigest(password.b + @user.b) + salt)}"
      end

      # Deriving a key takes time, so a server may ask for it once.
      def start_scram(mechanisms)
        raise ProtocolError, "authentication that was begun already" if @scram

        unless mechanisms.include?(Scram::MECHANISM)
          raise ProtocolError, "authentication by #{mechanisms.join(', ')} is not supported"
        end

        @scram = Scram.new(password)
        first = @scram.client_first
        send_data(Wire.message("p", [Scram::MECHANISM, first.bytesize, first].pack("Z*Na*")))
      end

      def scram
        @scram || raise(ProtocolError, "authentication that was not begun")
      end

      def handle_error(fields)
        message = "#{fields['S']}: #{fields['M']}"
        return give_up(message) if @pending_conn || @queries.empty?

        @queries.first.errors << message
      end

      def handle_ready
        @ready = true
        if @pending_conn
          deferrable = @pending_conn
          @pending_conn = nil
          deferrable.succeed(true)
        else
          finish_query
        end
        send_next_query
      end

      def finish_query
        query = @queries.shift
        query&.deferrable&.succeed(query.errors.empty?, query.result, query.errors)
      end

      # One query at a time: the next one is sent when the server is ready for it.
      def send_next_query
        return if !@ready || @closed || @queries.empty?

        @ready = false
        send_data(@queries.first.message)
      end

      def give_up(message)
        return if @closed

        @closed = true
        @data = nil
        close_connection
        deferrable = @pending_conn
        @pending_conn = nil
        deferrable&.succeed(false, message)
        queries = @queries
        @queries = []
        queries.each { |query| query.deferrable.succeed(false, query.result, query.errors << message) }
      end
    end
  end
end
