# frozen_string_literal: true

require "openssl"
require "securerandom"

module EventMachine
  module Protocols
    class Postgres3 < Connection
      # The client's side of SCRAM-SHA-256 (RFC 5802, RFC 7677), without channel binding.
      # @api private
      class Scram
        MECHANISM = "SCRAM-SHA-256"
        # "n,," in base 64: the client does no channel binding.
        BINDING = "biws"
        # The server chooses the number of iterations. The limit keeps it from blocking the reactor.
        MAX_ITERATIONS = 1_000_000
        SERVER_FIRST = /\Ar=([^,]+),s=([^,]+),i=(\d+)/
        private_constant :BINDING, :MAX_ITERATIONS, :SERVER_FIRST

        # @param password [String]
        # @param nonce [String]
        def initialize(password, nonce = SecureRandom.base64(18))
          @password = prepare(password)
          @nonce = nonce
        end

        # PostgreSQL uses the user name of the startup message.
        #
        # @return [String] the client's first message
        def client_first
          "n,,#{client_first_bare}"
        end

        # @param server_first [String] the server's first message
        # @return [String] the client's final message
        # @raise [ProtocolError] if the server's message is invalid, or not for this client
        def client_final(server_first)
          raise ProtocolError, "SCRAM message that was answered already" if @salted

          nonce, salt, iterations = parse(server_first)
          bare = "c=#{BINDING},r=#{nonce}"
          @auth_message = "#{client_first_bare},#{server_first},#{bare}"
          @salted = OpenSSL::KDF.pbkdf2_hmac(@password, salt: salt, iterations: iterations, length: 32,
                                                        hash: "SHA256")
          "#{bare},p=#{[proof].pack('m0')}"
        end

        # @param server_final [String] the server's final message
        # @return [void]
        def verify(server_final)
          return unless @salted

          expected = hmac(hmac(@salted, "Server Key"), @auth_message)
          @verified = server_final == "v=#{[expected].pack('m0')}"
        end

        # @return [void]
        # @raise [ProtocolError] if the server has not proved that it knows the password
        def check_verified
          raise ProtocolError, "the server does not know the password" unless @verified
        end

        private

        def client_first_bare
          "n=,r=#{@nonce}"
        end

        def parse(server_first)
          match = SERVER_FIRST.match(server_first)
          raise ProtocolError, "invalid SCRAM message" unless match && match[1].start_with?(@nonce)

          iterations = match[3].to_i
          raise ProtocolError, "#{iterations} SCRAM iterations" unless iterations.between?(1, MAX_ITERATIONS)

          [match[1], match[2].unpack1("m0"), iterations]
        rescue ArgumentError
          raise ProtocolError, "invalid SCRAM salt"
        end

        def proof
          client_key = hmac(@salted, "Client Key")
          signature = hmac(OpenSSL::Digest::SHA256.digest(client_key), @auth_message)
          client_key.bytes.zip(signature.bytes).map { |a, b| a ^ b }.pack("C*")
        end

        def hmac(key, text)
          OpenSSL::HMAC.digest("SHA256", key, text)
        end

        # Passwords that are not UTF-8 are used unchanged, as the server does.
        def prepare(password)
          text = password.dup.force_encoding(Encoding::UTF_8)
          text.valid_encoding? && !text.ascii_only? ? text.unicode_normalize(:nfkc) : text
        end
      end
    end
  end
end
