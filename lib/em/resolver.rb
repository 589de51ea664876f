# frozen_string_literal: true

require "ipaddr"
require "resolv"
require "securerandom"
require_relative "deferrable"
require_relative "timers"

module EventMachine
  # Resolves host names to addresses without blocking the reactor.
  #
  # @example
  #   request = EventMachine::DNS::Resolver.resolve("example.net")
  #   request.callback { |addresses| puts addresses }
  #   request.errback { |reason| warn reason }
  module DNS
    # Knows where to ask: the file of hosts first, then the name servers of the system's configuration.
    class Resolver
      class << self
        # @return [Boolean] whether this is Windows
        def windows?
          RUBY_PLATFORM.match?(/mswin|mingw|cygwin/)
        end
      end

      # The file of hosts.
      HOSTS_FILE =
        if windows?
          File.join(ENV.fetch("SystemRoot", "C:/Windows"), "System32/drivers/etc/hosts")
        else
          "/etc/hosts"
        end

      # Where the addresses of name servers are found, save on Windows.
      RESOLVER_FILE = "/etc/resolv.conf"

      # Asked where the configuration names no name server; see resolv.conf(5).
      DEFAULT_NAMESERVER = "127.0.0.1"

      class << self
        # Resolves a host name. A name of the file of hosts and a literal address are resolved at once.
        #
        # @param hostname [String] fully qualified: domains to search are not added
        # @return [Request] a {Deferrable}: succeeds with an Array of addresses as Strings, fails with a String that
        #   says why
        # @raise [ArgumentError] if the name is no String
        # @raise [RuntimeError] when the reactor is not running
        def resolve(hostname)
          raise ArgumentError, "cannot interpret as DNS name: #{hostname.inspect}" unless hostname.is_a?(String)

          request = Request.new(socket, hostname)
          addresses = known_addresses(hostname)
          if addresses
            request.succeed(addresses)
          else
            EventMachine.next_tick { request.tick }
          end
          request
        end

        # @return [Socket] the socket that the requests share, opened anew when it was closed
        # @raise [RuntimeError] when the reactor is not running
        def socket
          @socket = Socket.open unless @socket&.open?
          @socket
        end

        # Sets whom to ask.
        #
        # @param nameservers [Array<String>, nil] IPv4 or IPv6 addresses; nil for those of the system
        def nameservers=(nameservers)
          @nameservers = nameservers
        end

        # @return [Array<String>] addresses of the name servers
        def nameservers
          @nameservers ||= configured_nameservers
        end

        # @return [String, nil] any one of the name servers
        def nameserver
          nameservers.sample
        end

        # Reads the file of hosts, once. A missing one counts as empty.
        #
        # @return [Hash{String => Array<String>}] addresses by host name and alias
        def hosts
          @hosts ||= parse_hosts(read_lines(HOSTS_FILE))
        end

        private

        def known_addresses(hostname)
          return [hostname] if hostname.match?(Resolv::IPv4::Regex) || hostname.match?(Resolv::IPv6::Regex)

          hosts[hostname] || hosts[hostname.downcase]
        end

        def configured_nameservers
          found = windows? ? windows_nameservers : parse_nameservers(read_lines(RESOLVER_FILE))
          found.empty? ? [DEFAULT_NAMESERVER] : found
        end

        def windows_nameservers
          require "win32/resolv"
          _, nameservers = Win32::Resolv.get_resolv_info
          Array(nameservers)
        end

        def parse_nameservers(lines)
          lines.filter_map do |line|
            keyword, address = line.split
            address if keyword == "nameserver" && address?(address)
          end
        end

        def parse_hosts(lines)
          lines.each_with_object({}) do |line, hosts|
            address, *names = line.sub(/#.*/m, "").split
            next unless address?(address)

            names.uniq.each { |name| (hosts[name] ||= []) << address }
          end
        end

        def address?(text)
          !text.nil? && !IPAddr.new(text).nil?
        rescue IPAddr::Error
          false
        end

        def read_lines(path)
          File.readlines(path, encoding: Encoding::BINARY).map { |line| line.force_encoding(Encoding::UTF_8).scrub }
        rescue SystemCallError
          []
        end
      end
    end

    # Raised by {Socket#register_request}.
    class RequestIdAlreadyUsed < RuntimeError; end

    # Sends the requests' questions by UDP, and hands them the answers.
    class Socket < Connection
      # Where name servers listen.
      PORT = 53

      # Seconds from look to look at the requests that are waiting.
      TICK = 0.1

      # Longest answer, in bytes. Without extensions a server sends 512 at most; see RFC 1035, 4.2.1.
      MAX_ANSWER = 1500

      # Takes the answers of name servers that have IPv6 addresses.
      class Relay < Connection
        # @param socket [Socket] who knows the requests
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

      # Overrides whom to ask.
      #
      # @return [String] address
      attr_writer :nameserver

      def initialize
        super
        @nameserver = nil
        @requests = {}
        @asked = {}
      end

      # @return [void]
      def post_init; end

      # @return [Boolean] whether the reactor looks after it
      def open?
        EventMachine.instance_variable_get(:@conns)[@signature].equal?(self)
      end

      # @return [String, nil] address of the name server to ask; any one of {Resolver.nameservers}, if none was set
      def nameserver
        @nameserver || Resolver.nameserver
      end

      # Starts to look at the requests regularly.
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

      # Lets the requests ask again, or give up.
      #
      # @return [void]
      def tick
        @requests.values.each(&:tick)
      end

      # Has a request get the answer of an id.
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

      # Has a request get no answer any more.
      #
      # @param id [Integer]
      # @param request [Request] another one that has the id by now is left alone
      # @return [void]
      def deregister_request(id, request)
        return unless @requests[id].equal?(request)

        @requests.delete(id)
        @asked.delete(id)
        stop_timer if @requests.empty?
      end

      # Sends a question to a name server.
      #
      # @param packet [String] in wire format
      # @return [void]
      def send_packet(packet)
        server = nameserver
        return unless server

        (@asked[packet.unpack1("n")] ||= []) << address_of(server)
        channel_to(server).send_datagram(packet, server, PORT)
      end

      # Called with each datagram.
      #
      # @param data [String]
      # @return [void]
      def receive_data(data)
        receive_from(get_peername, data)
      end

      # Hands an answer to its request. What is not the answer of a server that was asked, to the question that it was
      # asked, is dropped: anybody may send to the socket.
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

        deregister_request(id, request)
        request.receive_answer(answer)
      end

      # Lets the requests fail, save where the reactor ends.
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

      def channel_to(server)
        return self unless address_of(server).ipv6?

        @relay ||= EventMachine.open_datagram_socket("::", 0, Relay, self)
      end

      def sender(peername)
        return unless peername

        port, host = ::Socket.unpack_sockaddr_in(peername)
        address_of(host) if port == PORT
      end

      # The zone of a link-local address is not part of what is compared.
      def address_of(host)
        IPAddr.new(host.sub(/%.*/m, ""))
      end

      def decode(data)
        Resolv::DNS::Message.decode(data)
      rescue StandardError
        # There is no telling what a malformed datagram makes it raise.
        nil
      end
    end

    # A question on its way; a {Deferrable} that succeeds with the addresses, or fails with a String that says why.
    class Request
      include Deferrable

      # Bytes that a name and a part of a name may have; see RFC 1035, 2.3.4.
      MAX_NAME = 253
      MAX_LABEL = 63
      private_constant :MAX_NAME, :MAX_LABEL

      # @return [Numeric] seconds to wait for an answer before asking again
      attr_accessor :retry_interval

      # @return [Integer] how many times to ask
      attr_accessor :max_tries

      # @param socket [Socket]
      # @param hostname [String]
      def initialize(socket, hostname)
        @socket = socket
        @hostname = hostname
        @tries = 0
        @last_send = nil
        @retry_interval = 3
        @max_tries = 5
      end

      # Asks, where it is time to; fails, where that was done often enough.
      #
      # @return [void]
      def tick
        return unless due?
        return give_up("invalid host name: #{@hostname.inspect}") unless valid_hostname?

        @tries < @max_tries ? send : give_up("retries exceeded")
      end

      # @param message [Resolv::DNS::Message]
      # @return [Boolean] whether it answers this request's question
      def answered_by?(message)
        message.qr == 1 && message.question == question
      end

      # Takes the answer.
      #
      # @param message [Resolv::DNS::Message]
      # @return [void]
      def receive_answer(message)
        addresses = message.each_answer.filter_map { |_, _, data| data.address.to_s if data.respond_to?(:address) }
        addresses.empty? ? fail("rcode=#{message.rcode}") : succeed(addresses)
      end

      private

      def due?
        @last_send.nil? || now - @last_send >= @retry_interval
      end

      def send
        @socket.send_packet(packet)
        @tries += 1
        @last_send = now
      end

      def give_up(reason)
        @socket.deregister_request(@id, self) if @id
        fail(reason)
      end

      # Answers are told apart by it, so nobody may guess it.
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
        message.add_question(@hostname, Resolv::DNS::Resource::IN::A)
        message.encode
      end

      def question
        [[Resolv::DNS::Name.create("#{@hostname.chomp('.')}."), Resolv::DNS::Resource::IN::A]]
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
