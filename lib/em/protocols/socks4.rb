# frozen_string_literal: true

autoload :IPAddr, "ipaddr"
require "socket"

module EventMachine
  module Protocols
    # A connection to a host through a SOCKS4 proxy.
    #
    # Write subclasses as if they were connected to the host itself. Their `post_init` is called once the
    # proxy has established its connection; data can be sent from then on. If the proxy refuses, the
    # connection is closed and `post_init` is never called.
    #
    # SOCKS4 supports IPv4 only. Host names are resolved locally.
    #
    # @example
    #   class Fetch < EventMachine::Protocols::Socks4
    #     def post_init
    #       send_data("GET / HTTP/1.0\r\n\r\n")
    #     end
    #
    #     def receive_data(data)
    #       print data
    #     end
    #   end
    #   EventMachine.connect("proxy.example.net", 1080, Fetch, "www.example.com", 80)
    class Socks4 < Connection
      VERSION = 4
      CONNECT = 1
      GRANTED = 90
      REPLY_LENGTH = 8

      # Methods of the subclass, and the ones that replace them while the proxy is negotiated with.
      DIALOGUE = { post_init: :socks_post_init, receive_data: :socks_receive_data }.freeze
      private_constant :VERSION, :CONNECT, :GRANTED, :REPLY_LENGTH, :DIALOGUE

      # @param host [String] an IPv4 address, or a name that has one
      # @param port [Integer]
      # @raise [ArgumentError] if the host is an IPv6 address, or the port is out of range
      def initialize(host, port)
        super()
        @host = check_host(String(host))
        @port = check_port(Integer(port))
        @buffer = String.new
        @socks_error_code = nil
        setup_methods
      end

      # Replaces the subclass's `post_init` and `receive_data` by those that talk to the proxy.
      #
      # @return [void]
      # @api private
      def setup_methods
        DIALOGUE.each { |name, replacement| define_singleton_method(name, method(replacement)) }
      end

      # Puts the subclass's methods back.
      #
      # @return [void]
      # @api private
      def restore_methods
        DIALOGUE.each_key { |name| singleton_class.remove_method(name) }
      end

      # Asks the proxy for the connection.
      #
      # @return [void]
      # @api private
      def socks_post_init
        return socks_request(@host) if literal?

        EventMachine.defer(method(:socks_resolve), method(:socks_request))
      end

      # Reads the proxy's reply. The subclass gets whatever follows it.
      #
      # @return [void]
      # @api private
      def socks_receive_data(data)
        @buffer << data.b
        return if @buffer.bytesize < REPLY_LENGTH

        reply, rest = @buffer.unpack("a#{REPLY_LENGTH}a*")
        @socks_error_code = reply.getbyte(1)
        granted?(reply) ? socks_established(rest) : close_connection
      end

      private

      def check_host(host)
        return host unless host.include?(":")

        raise ArgumentError, "SOCKS4 cannot reach IPv6 addresses: #{host}"
      end

      def check_port(port)
        return port if port.between?(0, 0xFFFF)

        raise ArgumentError, "port out of range (0 to 65535): #{port}"
      end

      def literal?
        !@host.include?("/") && IPAddr.new(@host).ipv4?
      rescue IPAddr::Error
        false
      end

      # Runs in a thread of the pool.
      def socks_resolve
        Addrinfo.getaddrinfo(@host, nil, :INET, :STREAM).first.ip_address
      rescue SocketError
        nil
      end

      def socks_request(address)
        return close_connection unless address

        user = ""
        send_data([VERSION, CONNECT, @port, IPAddr.new(address).hton, user].pack("CCna4Z*"))
      end

      # The version in a reply is 0; some proxies send their own.
      def granted?(reply)
        [0, VERSION].include?(reply.getbyte(0)) && @socks_error_code == GRANTED
      end

      def socks_established(rest)
        @buffer = nil
        restore_methods
        post_init
        receive_data(rest) unless rest.empty?
      end
    end
  end
end
