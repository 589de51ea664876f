# frozen_string_literal: true

module EventMachine
  # What is set on the sockets of servers before their address is bound; see {with_server_options}.
  class ServerOptions
    # Each option by its keyword: level and name in Ruby's Socket, and the classes that its value may have.
    NAMES = {
      reuse_port: [:SOL_SOCKET, :SO_REUSEPORT, [true, false]],
      ipv6_only: [:IPPROTO_IPV6, :IPV6_V6ONLY, [true, false]],
      fast_open: [:IPPROTO_TCP, :TCP_FASTOPEN, [Integer]],
      defer_accept: [:IPPROTO_TCP, :TCP_DEFER_ACCEPT, [Integer]]
    }.freeze
    # The system caps it at its own limit.
    BACKLOG = 4096
    private_constant :NAMES, :BACKLOG

    # @return [Integer]
    attr_reader :backlog

    # @param options [Hash{Symbol => Object}]
    # @raise [ArgumentError] for an unknown option
    # @raise [TypeError] for a value of the wrong type
    # @raise [Unsupported] for one that the system does not have
    def initialize(options)
      unknown = options.keys - NAMES.keys - [:backlog]
      raise ArgumentError, "unknown options: #{unknown.join(', ')}" if unknown.any?

      @backlog = options.fetch(:backlog, BACKLOG)
      raise TypeError, "backlog is an Integer, not #{@backlog.inspect}" unless @backlog.is_a?(Integer)

      @options = options.except(:backlog).each { |name, value| check(name, value) }
    end

    # @return [Hash{Symbol => Object}]
    def to_h
      { backlog: @backlog }.merge(@options)
    end

    # @param address [String]
    # @return [Array<Array(Integer, Integer, String)>] those that apply to a socket of this address
    def for(address)
      applying = address.include?(":") ? @options : @options.except(:ipv6_only)
      applying.map do |name, value|
        level, option, = NAMES.fetch(name)
        number = value.is_a?(Integer) ? value : (value ? 1 : 0)
        [Socket.const_get(level), Socket.const_get(option), [number].pack("i")]
      end
    end

    private

    def check(name, value)
      _, option, kinds = NAMES.fetch(name)
      raise TypeError, "#{name} is not #{value.inspect}" unless kinds.any? { |kind| kind === value }
      raise Unsupported, "this system has no #{option}" unless Socket.const_defined?(option)
    end
  end
  private_constant :ServerOptions

  class << self
    # Sets options on the sockets of all servers that the block starts, before their addresses are bound. Blocks
    # may be nested.
    #
    # @example
    #   EventMachine.with_server_options(reuse_port: true, backlog: 128) do
    #     EventMachine.start_server("127.0.0.1", 8080, Website)
    #   end
    #
    # @option options [Integer] :backlog how many connections may wait to be accepted (listen(2)); 4,096 by default
    # @option options [Boolean] :reuse_port (SO_REUSEPORT) let other processes listen on this port, too, if they set
    #   it as well: the system shares the connections out
    # @option options [Boolean] :ipv6_only (IPV6_V6ONLY) have "::" stand for IPv6 only
    # @option options [Integer] :fast_open (TCP_FASTOPEN) so many clients may send data with their first packet (RFC
    #   7413)
    # @option options [Integer] :defer_accept (TCP_DEFER_ACCEPT) accept a connection when its first data is there, for
    #   at most so many seconds
    # @return [Object] what the block returns
    # @raise [ArgumentError] for an unknown option, or without a block
    # @raise [TypeError] for a value of the wrong type
    # @raise [Unsupported] for an option that the system does not have
    def with_server_options(**options)
      raise ArgumentError, "no block given" unless block_given?

      former = server_options
      Thread.current[:eventmachine_server_options] = ServerOptions.new((former&.to_h || {}).merge(options))
      begin
        yield
      ensure
        Thread.current[:eventmachine_server_options] = former
      end
    end

    private

    # Those of the running fiber.
    def server_options
      Thread.current[:eventmachine_server_options]
    end

    # @return [Integer] the signature of a server on the first address of a host where there can be one
    def listen(host, port)
      options = server_options
      return start_tcp_server(host, port) unless options

      addresses = host_addresses(host.empty? ? "0.0.0.0" : host)
      begin
        address = addresses.shift
        listen_with(address, port, options.for(address), options.backlog)
      rescue SystemCallError
        addresses.empty? ? raise : retry
      end
    rescue SystemCallError, ConnectionError => error
      raise no_acceptor(error)
    end

    def no_acceptor(error)
      RuntimeError.new("no acceptor (port is in use or requires root privileges): #{error.message}")
    end
  end
end
