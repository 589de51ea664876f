# frozen_string_literal: true

require "resolv"
require "securerandom"
require_relative "../deferrable"

module EventMachine
  module DNS
    # A query. It is a {Deferrable}: it succeeds with the addresses, or fails with a String that says why.
    class Request
      include Deferrable

      # Maximum size of a name, and of a label, in bytes; see RFC 1035, 2.3.4.
      MAX_NAME = 253
      MAX_LABEL = 63
      RETRY_INTERVAL = 3
      MAX_TRIES = 5
      private_constant :MAX_NAME, :MAX_LABEL, :RETRY_INTERVAL, :MAX_TRIES

      IPV4 = Resolv::DNS::Resource::IN::A
      IPV6 = Resolv::DNS::Resource::IN::AAAA

      # What is asked for, one after the other, by what Ruby's Socket takes for a family.
      TYPES = {
        nil => [IPV4, IPV6], ::Socket::AF_UNSPEC => [IPV4, IPV6], UNSPEC: [IPV4, IPV6], AF_UNSPEC: [IPV4, IPV6],
        ::Socket::AF_INET => [IPV4], INET: [IPV4], AF_INET: [IPV4],
        ::Socket::AF_INET6 => [IPV6], INET6: [IPV6], AF_INET6: [IPV6]
      }.freeze

      # The server failed, or does not serve the name: another may. See RFC 1035, 4.1.1.
      NOT_SERVED = [2, 5].freeze
      private_constant :IPV4, :IPV6, :TYPES, :NOT_SERVED

      # @return [Numeric] seconds to wait for an answer before asking again; 3 by default
      attr_accessor :retry_interval

      # @return [Integer] how many times to ask; 5 by default
      attr_accessor :max_tries

      # @param socket [Socket]
      # @param hostname [String]
      # @param family [Symbol, Integer, nil] as {Resolver.resolve}
      # @raise [ArgumentError] if the family is unknown
      def initialize(socket, hostname, family: nil)
        @types = TYPES.fetch(family) { raise ArgumentError, "unknown family of addresses: #{family.inspect}" }
        self.retry_interval = RETRY_INTERVAL
        self.max_tries = MAX_TRIES
        @hostname = hostname
        @socket = socket
        @asked_at = nil
        @times_asked = 0
      end

      # Sends the query if it is time to; fails if it was sent often enough.
      #
      # @return [void]
      def tick
        return unless due?
        return give_up("invalid host name: #{@hostname.inspect}") unless valid_hostname?

        @times_asked < @max_tries ? send : give_up(["retries exceeded", @problem].compact.join(": "))
      end

      # @return [String] the query in wire format
      def query
        packet
      end

      # @param message [Resolv::DNS::Message]
      # @return [Boolean] whether it is a response to this query
      def answered_by?(message)
        message.qr == 1 && message.question == question
      end

      # Handles the response.
      #
      # @param message [Resolv::DNS::Message]
      # @return [void]
      def receive_answer(message)
        addresses = addresses_in(message)
        if addresses.any? then succeed(addresses)
        elsif NOT_SERVED.include?(message.rcode) && @times_asked < other_servers then ask_again(@types)
        elsif message.rcode.zero? && @types.size > 1 then ask_again(@types.drop(1), 0)
        else fail("rcode=#{message.rcode}")
        end
      end

      # @param message [Resolv::DNS::Message]
      # @return [Array<String>] the addresses that it has
      def addresses_in(message)
        message.answer.filter_map { |_, _, data| data.address.to_s if data.respond_to?(:address) }
      end

      # @param addresses [Array<String>, nil]
      # @return [Array<String>, nil] those of the family that was asked for; nil where there are none
      def of_family(addresses)
        addresses = addresses&.select { |address| @types.include?(address.include?(":") ? IPV6 : IPV4) }
        addresses unless addresses&.empty?
      end

      private

      def other_servers
        [@socket.nameservers.size, @max_tries].min
      end

      # With another id, since the one before has got its answer.
      def ask_again(types, times_asked = @times_asked)
        @types = types
        @times_asked = times_asked
        @id = @asked_at = nil
        tick
      end

      def due?
        @asked_at.nil? || now - @asked_at >= @retry_interval
      end

      # If sending fails, the next tick sends again without waiting, perhaps to another server.
      def send
        @times_asked += 1
        @servers ||= @socket.nameservers.shuffle
        server, = @servers
        @servers = @servers.rotate
        @socket.send_packet(packet, server)
        @asked_at = now
      rescue RuntimeError => e
        @problem = e.message
      end

      def give_up(reason)
        @socket.deregister_request(@id, self) if @id
        fail(reason)
      end

      # It must not be guessable: it is what identifies a response.
      def id
        @id ||= register
      end

      def register
        id = SecureRandom.random_number(0x10000)
        @socket.register_request(id, self)
        id
      rescue RequestIdAlreadyUsed
        retry
      end

      def packet
        message = Resolv::DNS::Message.new(id)
        message.rd = 1
        message.add_question(absolute_name, @types.first)
        message.encode
      end

      def question
        [[absolute_name, @types.first]]
      end

      def absolute_name
        Resolv::DNS::Name.create("#{@hostname.b.chomp('.')}.")
      end

      def valid_hostname?
        name = @hostname.b.chomp(".")
        name.bytesize <= MAX_NAME && !name.empty? &&
          name.split(".", -1).all? { |label| label.bytesize.between?(1, MAX_LABEL) }
      end

      def now
        Process.clock_gettime(Process::CLOCK_MONOTONIC)
      end
    end
  end
end
