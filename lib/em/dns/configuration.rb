# frozen_string_literal: true

autoload :IPAddr, "ipaddr"

module EventMachine
  module DNS
    # Reads the system's configuration files. A file that cannot be read counts as empty; invalid lines are
    # skipped.
    module Configuration
      class << self
        # @return [Boolean] whether this is Windows
        def windows?
          RUBY_PLATFORM.match?(/mswin|mingw|cygwin/)
        end

        # @param path [String] a file as in hosts(5)
        # @return [Hash{String => Array<String>}] addresses by host name and alias
        def hosts(path)
          lines(path).each_with_object({}) do |line, hosts|
            address, *names = line.sub(/#.*/m, "").split
            next unless address?(address)

            names.uniq.each { |name| (hosts[name] ||= []) << address }
          end
        end

        # @param path [String] a file as in resolv.conf(5); ignored on Windows
        # @return [Array<String>] addresses of name servers
        def nameservers(path)
          return registered_nameservers if windows?

          lines(path).filter_map do |line|
            keyword, address = line.split
            address if keyword == "nameserver" && address?(address)
          end
        end

        private

        def registered_nameservers
          require "win32/resolv"
          _, nameservers = Win32::Resolv.get_resolv_info
          Array(nameservers)
        end

        def address?(text)
          !text.nil? && !IPAddr.new(text).nil?
        rescue IPAddr::Error
          false
        end

        def lines(path)
          File.readlines(path, encoding: "UTF-8").map(&:scrub)
        rescue SystemCallError
          []
        end
      end
    end
    private_constant :Configuration
  end
end
