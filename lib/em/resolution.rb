# frozen_string_literal: true

module EventMachine
  # A host has no address, or none of the family that was asked for, or the name servers did not answer in time.
  class ResolutionError < ConnectionError; end

  # The numbers that the native library has for families of addresses, by what Ruby's Socket takes for them.
  FAMILIES = {
    nil => 0, Socket::AF_UNSPEC => 0, Socket::AF_INET => 4, Socket::AF_INET6 => 6, INET: 4, AF_INET: 4, INET6: 6,
    AF_INET6: 6, UNSPEC: 0, AF_UNSPEC: 0
  }.freeze
  private_constant :FAMILIES

  # How {connect} resolves names, by the values of {name_resolution=}.
  RESOLUTIONS = %i[inline threads].freeze
  private_constant :RESOLUTIONS

  @name_resolution = :inline
  @resolutions = {}

  class << self
    # How {connect}, {reconnect} and {Connection#send_datagram} resolve host names in callbacks; `:inline` at
    # first. In fibers the fiber waits in either case, and the loop goes on.
    #
    # @return [Symbol]
    attr_reader :name_resolution

    # Sets how host names are resolved in callbacks.
    #
    # With `:inline` the call waits for the name server, and the loop with it; a name without an address is a
    # {ConnectionError}. With `:threads` the call returns at once, and the name is resolved in another thread:
    # what is sent meanwhile waits, {Connection#pending_connect_timeout} includes the resolution, and a name
    # without an address ends the connection, with {ResolutionError} as the reason given to
    # {Connection#unbind}. Servers, and the local addresses of {bind_connect}, are resolved inline.
    #
    # @param mode [Symbol] `:inline` or `:threads`
    # @raise [ArgumentError] for anything else
    def name_resolution=(mode)
      unless RESOLUTIONS.include?(mode)
        raise ArgumentError, "name_resolution is :inline or :threads, not #{mode.inspect}"
      end

      @name_resolution = mode
    end

    # Resolves a host name off the loop, by getaddrinfo(3): the hosts file, nsswitch.conf, search domains and
    # mDNS count as they do for any other program. An address is resolved to itself at once, with or without a
    # loop. There are at most 16 threads for this, and none until there is a name to resolve; requests for one
    # name at a time share the work. Answers about names of an unchanged hosts file are used again for up to a second;
    # nothing else is cached, since getaddrinfo(3) tells no time to live.
    #
    # @example
    #   EventMachine.resolve("example.net").callback { |addresses| p addresses }
    #   EventMachine.fiber { p EventMachine.await(EventMachine.resolve("example.net", family: :INET6)) }
    #
    # @param host [String]
    # @param family [Symbol, Integer, nil] `:INET` or `:INET6`, or Ruby's constants for them, for addresses of one
    #   family; nil for both, in the system's order of preference (RFC 6724)
    # @param timeout [Numeric, nil] seconds; nil for as long as the system's resolver takes
    # @return [Deferrable] succeeds with an Array of addresses as Strings, fails with a {ResolutionError}
    # @raise [TypeError] if the host is not a String, or the timeout no number
    # @raise [ArgumentError] if the family is none of these, or the timeout is negative or NaN
    # @raise [RuntimeError] when no reactor runs
    def resolve(host, family: nil, timeout: 5)
      number = FAMILIES.fetch(family) { raise ArgumentError, "unknown family of addresses: #{family.inspect}" }
      not_negative(timeout, "timeout") unless timeout.nil?

      DefaultDeferrable.new.tap do |deferrable|
        if !reactor_running? || reactor_thread?
          start_resolution(deferrable, host, number, timeout)
        else
          next_tick { start_resolution(deferrable, host, number, timeout) }
        end
      end
    end

    private

    def start_resolution(deferrable, host, family, timeout)
      case (answer = resolve_host(host, family, timeout&.to_f))
      when Integer then @resolutions[answer] = [deferrable, host]
      when String then deferrable.succeed([answer])
      else deferrable.fail(unresolved(host, "Address family for hostname not supported"))
      end
    end

    # Called by the loop: there are addresses, or there is a reason why not.
    def name_resolved(request, addresses, reason)
      deferrable, host = @resolutions.delete(request)
      return unless deferrable

      addresses ? deferrable.succeed(addresses) : deferrable.fail(unresolved(host, reason))
    end

    # The loop is about to end: nobody is left waiting.
    def fail_resolutions
      pending = @resolutions.values
      @resolutions = {}
      pending.each do |deferrable, host|
        deferrable.fail(unresolved(host, "the event loop was stopped meanwhile"))
      end
    end

    def unresolved(host, reason)
      ResolutionError.new("unable to resolve address: #{reason} (#{host.inspect})")
    end

    # @return [Boolean] whether the caller is in a fiber of the reactor's thread, which can wait
    def may_wait?
      !::Fiber.current_scheduler.nil? && reactor_running? && reactor_thread?
    end

    # In a fiber: waits, and the loop goes on.
    #
    # @return [Array<String>]
    # @raise [ResolutionError]
    def await_addresses(host, family = nil)
      await(resolve(host, family: family, timeout: nil))
    end

    # Yields the addresses of a host one after the other until one does, where the caller can wait for them;
    # else the host itself, which is resolved inline. The empty host stands for all addresses.
    #
    # @return [Object] what the block returned
    def first_that_does(host)
      return yield(host) unless may_wait? && host != ""

      addresses = await_addresses(host)
      begin
        yield(addresses.shift)
      rescue RuntimeError
        addresses.empty? ? raise : retry
      end
    end

    # Sends a datagram to a host that is resolved first: in a fiber, which waits; else when its address is known.
    #
    # @return [Integer] how many bytes were queued, or are to be
    def send_datagram_to_host(connection, data, host, port)
      signature = connection.signature
      family = addrinfo(signature, get_sockname(signature))&.ipv4? ? :INET : nil
      send = ->(addresses) { send_datagram(signature, data, data.bytesize, addresses.first, port) }
      return send.call(await_addresses(host, family)) if may_wait?

      resolution = resolve(host, family: family, timeout: nil)
      resolution.callback { |addresses| send.call(addresses) if @conns.key?(signature) }
      data.bytesize
    end

    # @return [Addrinfo, nil] a socket's packed address, with what it knows of the socket's type
    def addrinfo(signature, packed)
      packed && Addrinfo.new(packed, nil, get_sock_opt(signature, Socket::SOL_SOCKET, Socket::SO_TYPE).unpack1("i"))
    end

    # @return [Socket::Option] of the family of a socket, for names as Ruby's Socket takes them
    def socket_option(signature, level, name, value)
      family = addrinfo(signature, get_sockname(signature))&.afamily || Socket::AF_INET
      Socket::Option.new(family, level, name, value)
    end

    def resolves_off_loop?
      @name_resolution == :threads || may_wait?
    end
  end
end
