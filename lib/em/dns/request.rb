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

      # @return [Numeric] seconds to wait for an answer before asking again; 3 by default
      attr_accessor :retry_interval

      # @return [Integer] how many times to ask; 5 by default
      attr_accessor :max_tries

      # @param socket [Socket]
      # @param hostname [String]
      def initialize(socket, hostname)
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
        addresses = message.answer.filter_map { |_, _, data| data.address.to_s if data.respond_to?(:address) }
        addresses.empty? ? fail("rcode=#{message.rcode}") : succeed(addresses)
      end

      private

      def due?
        @asked_at.nil? || now - @asked_at >= @retry_interval
      end

      # If sending fails, the next tick sends again without waiting, perhaps to another server.
      def send
        @times_asked += 1
        @socket.send_packet(packet)
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
        message.add_question(absolute_name, Resolv::DNS::Resource::IN::A)
        message.encode
      end

      def question
        [[absolute_name, Resolv::DNS::Resource::IN::A]]
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
