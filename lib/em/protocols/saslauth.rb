# frozen_string_literal: true

module EventMachine
  module Protocols
    # Server side of the protocol of Cyrus SASL's saslauthd. A request has four fields: user name, password,
    # service and realm. The answer is one field that starts with "OK" or "NO". Each field is preceded by its
    # length, two bytes in network order.
    #
    # @example
    #   module PasswordCheck
    #     include EventMachine::Protocols::SASLauth
    #
    #     def validate(user, password, _service, _realm)
    #       Accounts.password_matches?(user, password)
    #     end
    #   end
    #   EventMachine.start_unix_domain_server("/run/saslauthd/mux", PasswordCheck)
    module SASLauth
      # Upper bound of the size of a field, in bytes. The length in front of it allows for 65,535.
      MaxFieldSize = 128 * 1024

      # Assembles fields from the chunks of a stream.
      class FieldReader
        PREFIX = 2
        private_constant :PREFIX

        def initialize
          @bytes = String.new
        end

        # @param data [String] the next chunk
        # @return [void]
        def add(data)
          @bytes << data.b
        end

        # Takes fields off the front of the stream.
        #
        # @param count [Integer]
        # @return [Array<String>, nil] that many fields; nil if they are not complete yet
        def take(count)
          position = 0
          fields = Array.new(count) do
            size = @bytes.unpack1("n", offset: position)
            stop = position + PREFIX + size if size
            return if stop.nil? || stop > @bytes.bytesize

            @bytes.byteslice(position + PREFIX, size).tap { position = stop }
          end
          @bytes = @bytes.byteslice(position, @bytes.bytesize)
          fields
        end
      end
      private_constant :FieldReader

      # @return [FieldReader]
      # @api private
      def self.reader
        FieldReader.new
      end

      # @param value [String]
      # @return [String] the value, preceded by its length
      # @raise [ArgumentError] if the value is longer than 65,535 bytes
      # @api private
      def self.field(value)
        raise ArgumentError, "field of #{value.bytesize} bytes" if value.bytesize > 0xFFFF

        [value.bytesize, value].pack("na*")
      end

      # @return [void]
      def post_init
        @sasl_fields = SASLauth.reader
      end

      # Takes the next chunk of the stream and answers every request that it completes.
      #
      # @param data [String] any number of bytes
      # @return [void]
      def receive_data(data)
        @sasl_fields.add(data)
        while (request = @sasl_fields.take(4))
          send_data(SASLauth.field(validate(*request) ? "OK" : "NO"))
        end
      end

      # Decides about a request. Override it: by default everybody is let in.
      #
      # @param username [String]
      # @param psw [String] the password
      # @param sysname [String] the service
      # @param realm [String]
      # @return [Boolean]
      def validate(username, psw, sysname, realm)
        true
      end
    end

    # Client side of the protocol that {SASLauth} serves.
    module SASLauthclient
      # The same as {SASLauth::MaxFieldSize}.
      MaxFieldSize = SASLauth::MaxFieldSize

      # @return [void]
      def post_init
        @sasl_fields = SASLauth.reader
        @sasl_queries = []
      end

      # Asks whether a password is right.
      #
      # @param username [String]
      # @param psw [String] the password
      # @param sysname [String, nil] the service
      # @param realm [String, nil]
      # @return [DefaultDeferrable] succeeds if it is; fails if it is not, or if the connection ends first
      # @raise [ArgumentError] if an argument is longer than 65,535 bytes
      def validate?(username, psw, sysname = nil, realm = nil)
        send_data([username, psw, sysname, realm].sum("") { |value| SASLauth.field(value.to_s) })
        DefaultDeferrable.new.tap { |query| @sasl_queries.push(query) }
      end

      # Takes the next chunk of the stream. An answer without a question closes the connection.
      #
      # @param data [String] any number of bytes
      # @return [void]
      def receive_data(data)
        @sasl_fields.add(data)
        while (answer = @sasl_fields.take(1))
          query = @sasl_queries.shift
          return close_connection if query.nil?

          answer.first.start_with?("OK") ? query.succeed : query.fail
        end
      end

      # Fails the queries that have no answer yet.
      #
      # @return [void]
      def unbind
        unanswered = @sasl_queries
        @sasl_queries = []
        unanswered.each(&:fail)
      end
    end
  end
end
