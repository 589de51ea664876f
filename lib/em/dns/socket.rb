# frozen_string_literal: true

autoload :IPAddr, "ipaddr"
require "resolv"
require_relative "../timers"
require_relative "stream_query"

module EventMachine
  module DNS
    # Raised by {Socket#register_request}.
    class RequestIdAlreadyUsed < RuntimeError; end

    # Sends queries by UDP, and passes the responses to the requests.
    class Socket < Connection
      # The port of name servers.
      PORT = 53

      # Interval, in seconds, at which pending requests are checked.
      TICK = 0.1

      # Maximum size of a response in bytes. Without EDNS a server sends at most 512; see RFC 1035, 4.2.1.
      MAX_ANSWER = 1500

      # The octet of a message that tells, with others, whether it is cut, and the bit that does; see RFC 1035, 4.1.1.
      FLAGS = 2
      TRUNCATED = 2
      private_constant :FLAGS, :TRUNCATED

      # Receives the responses of name servers with IPv6 addresses.
      class Relay < Connection
        # @param socket [Socket] has the requests
        def initialize(socket)
          super
          @socket = socket
        end

        # @param data [String] one datagram
        # @return [void]
        def receive_data(data)
          @socket.receive_from(get_peername, data)
        end
      end
      private_constant :Relay

      # Opens a socket on any port.
      #
      # @return [Socket]
      # @raise [RuntimeError] when the reactor is not running
      def self.open
        EventMachine.open_datagram_socket("0.0.0.0", 0, self)
      end

      # Sets the name server to use.
      #
      # @return [String] address
      attr_writer :nameserver

      def initialize
        super
        @nameserver = nil
        @requests = {}
        @asked = {}
        @streams = {}
      end

      # @return [void]
      def post_init; end

      # @return [Boolean] whether the socket is open
      def open?
        EventMachine.instance_variable_get(:@conns)[@signature].equal?(self)
      end

      # @return [String, nil] address of the name server; one of {Resolver.nameservers} if none was set
      def nameserver
        @nameserver || Resolver.nameserver
      end

      # @return [Array<String>] addresses of all name servers
      def nameservers
        @nameserver ? [@nameserver] : Resolver.nameservers
      end

      # Starts to check the requests regularly.
      #
      # @return [PeriodicTimer]
      def start_timer
        @timer ||= EventMachine::PeriodicTimer.new(TICK, method(:tick))
      end

      # @return [nil]
      def stop_timer
        @timer&.cancel
        @timer = nil
      end

      # Makes the requests retry or fail, if it is time to.
      #
      # @return [void]
      def tick
        # One that is asked by TCP has other limits of time.
        @requests.reject { |id, _| @streams.key?(id) }.each_value(&:tick)
      end

      # Registers a request for responses with an id.
      #
      # @param id [Integer] 0 to 65,535
      # @param request [Request]
      # @return [void]
      # @raise [RequestIdAlreadyUsed] while another request has the id
      def register_request(id, request)
        raise RequestIdAlreadyUsed, "request id #{id} is in use" if @requests.key?(id)

        @requests[id] = request
        start_timer
      end

      # Removes a request.
      #
      # @param id [Integer]
      # @param request [Request] ignored if another request has the id by now
      # @return [void]
      def deregister_request(id, request)
        return unless @requests[id].equal?(request)

        @requests.delete(id)
        @asked.delete(id)
        @streams.delete(id)
        stop_timer if @requests.empty?
      end

      # Sends a query to a name server.
      #
      # @param packet [String] in wire format
      # @param server [String, nil] its address
      # @return [void]
      # @raise [ConnectionError] if it cannot be sent, or there is no name server
      def send_packet(packet, server = nameserver)
        raise ConnectionError, "no name server" unless server

        address = nameserver_address(server)
        (@asked[packet.unpack1("n")] ||= []) << address
        channel_to(address).send_datagram(packet, server, PORT)
      end

      # Called with each datagram.
      #
      # @param data [String]
      # @return [void]
      def receive_data(data)
        receive_from(get_peername, data)
      end

      # Passes a response to its request. A datagram is dropped unless it comes from a server that was asked and
      # responds to the query that was sent: anybody can send datagrams to the socket.
      #
      # @param peername [String, nil] socket address of the sender
      # @param data [String] one datagram
      # @return [void]
      def receive_from(peername, data)
        id = data.unpack1("n")
        request = @requests[id]
        return unless request && data.bytesize <= MAX_ANSWER && @asked[id]&.include?(sender(peername))

        answer = decode(data)
        return unless answer && request.answered_by?(answer)

        answer.tc == 1 ? ask_by_stream(id, request, answer, peername) : conclude(id, request, answer)
      end

      # Fails all requests, unless the reactor is stopping.
      #
      # @return [void]
      def unbind
        requests = @requests.values
        @requests.clear
        stop_timer
        @relay&.close_connection
        requests.each { |request| request.fail("socket closed") } unless EventMachine.stopping?
      end

      private

      def conclude(id, request, answer)
        deregister_request(id, request)
        request.receive_answer(answer)
      end

      def ask_by_stream(id, request, cut, peername)
        return if @streams.key?(id)

        host = ::Socket.unpack_sockaddr_in(peername).last
        ended = ->(data) { stream_ended(id, request, cut, data) }
        @streams[id] = EventMachine.connect(host, PORT, StreamQuery, request.query, ended)
      rescue ConnectionError
        stream_ended(id, request, cut, nil)
      end

      # If there is no answer by TCP, that which was cut has to do, where it has an address; else it is asked again.
      def stream_ended(id, request, cut, data)
        return if EventMachine.stopping? || !@requests[id].equal?(request)

        @streams.delete(id)
        answer = data && decode(data)
        answer = cut unless answer && answer.id == id && request.answered_by?(answer)
        conclude(id, request, answer) unless answer.equal?(cut) && request.addresses_in(cut).empty?
      end

      def nameserver_address(server)
        address_of(server)
      rescue IPAddr::Error
        raise ConnectionError, "no address of a name server: #{server}"
      end

      def channel_to(address)
        return self unless address.ipv6?

        @relay ||= EventMachine.open_datagram_socket("::", 0, Relay, self)
      end

      def sender(peername)
        return unless peername

        port, host = ::Socket.unpack_sockaddr_in(peername)
        address_of(host) if port == PORT
      end

      # The zone of a link-local address is not compared.
      def address_of(host)
        IPAddr.new(host.sub(/%.*/m, ""))
      end

      # Of a message that is cut, newer Resolvs read the head only: they are told that nothing is missing.
      def decode(data)
        cut = data.getbyte(FLAGS) & TRUNCATED
        whole = data.dup.tap { |bytes| bytes.setbyte(FLAGS, bytes.getbyte(FLAGS) ^ cut) }
        Resolv::DNS::Message.decode(whole).tap { |message| message.tc = cut.zero? ? 0 : 1 }
      rescue StandardError
        # Malformed datagrams can raise all kinds of exceptions.
        nil
      end
    end
  end
end
