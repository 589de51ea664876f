# frozen_string_literal: true

autoload :IPAddr, "ipaddr"
require "socket"

module EventMachine
  module Protocols
    # A connection to a host through a SOCKS4 proxy.
    #
    # Subclasses are written as if they were connected to the host itself: their post_init is called, and
    # data can be sent, once the proxy has made its connection. Where it refuses, the connection is closed
    # and post_init is never called.
    #
    # SOCKS4 knows IPv4 only. Host names are resolved before they are sent to the proxy.
    #
    # @example
    #   class Client < EventMachine::Protocols::Socks4
    #     def post_init
    #       send_data("hello")
    #     end
    #   end
    #   EventMachine.connect(proxy_host, proxy_port, Client, "example.com", 80)
    class Socks4 < Connection
      GRANTED = 90
      REPLY_LENGTH = 8
      private_constant :GRANTED, :REPLY_LENGTH

      # @param host [String] an IPv4 address, or a name that has one
      # @param port [Integer]
      # @raise [ArgumentError] if the host is an IPv6 address, or the port is none
      def initialize(host, port)
        super()
        @host = String(host)
        @port = Integer(port)
        raise ArgumentError, "no port: #{port}" unless @port.between?(0, 0xFFFF)
        raise ArgumentError, "not within reach of SOCKS4: #{host}" if @host.include?(":")

        @socks_error_code = nil
        @buffer = String.new
        setup_methods
      end

      # Puts the proxy's dialogue in the place of the subclass's post_init and receive_data.
      #
      # @return [void]
      # @api private
      def setup_methods
        class << self
          def post_init = socks_post_init
          def receive_data(data) = socks_receive_data(data)
        end
      end

      # Puts the subclass's methods back.
      #
      # @return [void]
      # @api private
      def restore_methods
        class << self
          remove_method :post_init
          remove_method :receive_data
        end
      end

      # Asks the proxy for the connection.
      #
      # @return [void]
      # @api private
      def socks_post_init
        return socks_request(@host) if literal?

        EventMachine.defer(method(:socks_resolve), method(:socks_request))
      end

      # Reads the proxy's answer, and hands what follows it to the subclass.
      #
      # @return [void]
      # @api private
      def socks_receive_data(data)
        @buffer << data.b
        return if @buffer.bytesize < REPLY_LENGTH

        version, @socks_error_code = @buffer.unpack("CC")
        return close_connection unless [0, 4].include?(version) && @socks_error_code == GRANTED

        socks_established(@buffer.byteslice(REPLY_LENGTH, @buffer.bytesize))
      end

      private

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

        send_data([4, 1, @port, IPAddr.new(address).hton, ""].pack("CCna4Z*"))
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
