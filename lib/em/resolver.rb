# frozen_string_literal: true

require "resolv"
require_relative "dns/configuration"
require_relative "dns/request"
require_relative "dns/socket"

module EventMachine
  # Resolves host names to addresses without blocking the reactor.
  #
  # @example
  #   request = EventMachine::DNS::Resolver.resolve("example.net")
  #   request.callback { |addresses| puts addresses }
  #   request.errback { |reason| warn reason }
  module DNS
    # Looks in the hosts file first, then asks the name servers of the system's configuration.
    class Resolver
      # The hosts file.
      HOSTS_FILE =
        if Configuration.windows?
          File.join(ENV.fetch("SystemRoot", "C:/Windows"), "System32/drivers/etc/hosts")
        else
          "/etc/hosts"
        end

      # Has the addresses of name servers, except on Windows.
      RESOLVER_FILE = "/etc/resolv.conf"

      # Used if the configuration names no name server; see resolv.conf(5).
      DEFAULT_NAMESERVER = "127.0.0.1"

      class << self
        # Sets the name servers: IPv4 or IPv6 addresses; nil for those of the system.
        #
        # @return [Array<String>, nil]
        attr_writer :nameservers

        # @return [Boolean] whether this is Windows
        def windows?
          Configuration.windows?
        end

        # Resolves a host name. Names in the hosts file and literal addresses are resolved at once.
        #
        # IPv6 addresses are asked for where there are none of IPv4. Each retry asks another name server, and so does
        # an answer that it does not serve the name.
        #
        # @param hostname [String] fully qualified: search domains are not used
        # @param family [Symbol, Integer, nil] `:INET` or `:INET6` for addresses of one family alone
        # @return [Request] a {Deferrable}: succeeds with an Array of addresses as Strings, fails with a
        #   String that says why
        # @raise [ArgumentError] if the name is not a String, or the family is none of these
        # @raise [RuntimeError] when the reactor is not running
        def resolve(hostname, family: nil)
          unless hostname.is_a?(String)
            raise ArgumentError, "cannot interpret as DNS name: #{hostname.inspect}"
          end

          request = Request.new(socket, hostname, family: family)
          if (addresses = request.of_family(known_addresses(hostname)))
            request.succeed(addresses)
          else
            EventMachine.next_tick { request.tick }
          end
          request
        end

        # @return [Socket] the socket of all requests; opened again if it was closed
        # @raise [RuntimeError] when the reactor is not running
        def socket
          @socket = Socket.open unless @socket&.open?
          @socket
        end

        # @return [Array<String>] addresses of the name servers
        def nameservers
          @nameservers ||= Configuration.nameservers(RESOLVER_FILE).then do |found|
            found.empty? ? [DEFAULT_NAMESERVER] : found
          end
        end

        # @return [String, nil] one of the name servers, chosen at random
        def nameserver
          nameservers.sample
        end

        # Reads the hosts file, once.
        #
        # @return [Hash{String => Array<String>}] addresses by host name and alias
        def hosts
          @hosts ||= Configuration.hosts(HOSTS_FILE)
        end

        private

        def known_addresses(hostname)
          return [hostname] if hostname.match?(Resolv::IPv4::Regex) || hostname.match?(Resolv::IPv6::Regex)

          hosts[hostname] || hosts[hostname.downcase]
        end
      end
    end
  end
end
