# frozen_string_literal: true

module EventMachine
  module Protocols
    # The server of the protocol that Cyrus' saslauthd speaks: a request is a user name, a password, a
    # service and a realm, each after its length in two bytes, and the answer is "OK" or "NO" in the
    # same form.
    #
    # @example
    #   module Authenticator
    #     include EventMachine::Protocols::SASLauth
    #
    #     def validate(user, password, service, realm)
    #       user == "someone" && password == "secret"
    #     end
    #   end
    #   EventMachine.start_unix_domain_server("/run/saslauthd/mux", Authenticator)
    module SASLauth
      # More than the longest field; their lengths are numbers of 16 bits.
      MaxFieldSize = 128 * 1024

      # @return [void]
      def post_init
        @sasl_data = String.new
        @sasl_values = []
      end

      # Takes the next chunk of the stream, and answers the requests it completes.
      #
      # @param data [String] any number of bytes
      # @return [void]
      def receive_data(data)
        @sasl_data << data.b
        while (value = SASLauth.take_field(@sasl_data))
          @sasl_values << value
          sasl_answer if @sasl_values.size == 4
        end
      end

      # Decides about a request. To be overridden; lets everybody in if it is not.
      #
      # @param username [String]
      # @param psw [String] the password
      # @param sysname [String] the service
      # @param realm [String]
      # @return [Boolean]
      def validate(username, psw, sysname, realm)
        true
      end

      # Takes the first field off the front of a buffer.
      #
      # @param buffer [String] is shortened
      # @return [String, nil] nil if the field is not complete
      # @api private
      def self.take_field(buffer)
        return if buffer.bytesize < 2

        size = buffer.unpack1("n")
        return if buffer.bytesize < 2 + size

        buffer.slice!(0, 2 + size).byteslice(2, size)
      end

      # @return [String] a field with its length before it
      # @raise [ArgumentError] if the value is longer than a length can tell
      # @api private
      def self.field(value)
        raise ArgumentError, "field of #{value.bytesize} bytes" if value.bytesize > 0xFFFF

        [value.bytesize, value].pack("na*")
      end

      private

      def sasl_answer
        values = @sasl_values
        @sasl_values = []
        send_data(SASLauth.field(validate(*values) ? "OK" : "NO"))
      end
    end

    # The client of the protocol that {SASLauth} serves.
    module SASLauthclient
      # More than the longest field; their lengths are numbers of 16 bits.
      MaxFieldSize = 128 * 1024

      # @return [void]
      def post_init
        @sasl_data = String.new
        @queries = []
      end

      # Asks whether a password is right.
      #
      # @param username [String]
      # @param psw [String] the password
      # @param sysname [String, nil] the service
      # @param realm [String, nil]
      # @raise [ArgumentError] if one of them is longer than 65,535 bytes
      # @return [DefaultDeferrable] succeeds if it is; fails if not, or if the connection ends first
      def validate?(username, psw, sysname = nil, realm = nil)
        send_data([username, psw, sysname, realm].map { |value| SASLauth.field(value.to_s) }.join)
        query = DefaultDeferrable.new
        @queries << query
        query
      end

      # Takes the next chunk of the stream. An answer that nothing asked for closes the connection.
      #
      # @param data [String] any number of bytes
      # @return [void]
      def receive_data(data)
        @sasl_data << data.b
        while (answer = SASLauth.take_field(@sasl_data))
          return close_connection unless (query = @queries.shift)

          answer.start_with?("OK") ? query.succeed : query.fail
        end
      end

      # Fails the queries that have no answer.
      #
      # @return [void]
      def unbind
        queries = @queries
        @queries = []
        queries.each(&:fail)
      end
    end
  end
end
