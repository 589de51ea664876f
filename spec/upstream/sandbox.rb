# frozen_string_literal: true

require "open3"
require "rbconfig"
require "tmpdir"

require_relative "stand_ins"

module Upstream
  # A network of its own for the tests: Linux namespaces in which the loopback interface has public-looking
  # addresses and swallows what is sent anywhere else, with resolv.conf, hosts and servers that stand in for
  # the Internet.
  #
  # Inside of a chroot there is no mount namespace to be had, so the system's own resolv.conf and hosts are in
  # force. That does as well: the stand-in has the addresses of the name servers that they tell.
  module Sandbox
    IPV4 = "198.18.0.1"
    IPV6 = "2001:db8::1"
    FILES = {
      "/etc/hosts" => "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n",
      "/etc/resolv.conf" => "nameserver 127.0.0.1\noptions timeout:1 attempts:2\n"
    }.freeze
    NAMESPACES = { "own-files" => %w[--net --mount], "system-files" => %w[--net] }.freeze

    module_function

    # @return [Array<String>, nil] what to put before a command that is to run in the sandbox; nil where
    #   there are no namespaces to be had
    def prefix
      root = Process.uid.zero? ? [] : ["--map-root-user"]
      NAMESPACES.each do |files, namespaces|
        command = ["unshare", *root, *namespaces]
        return [*command, RbConfig.ruby, __FILE__, files] if possible?(command)
      end
      nil
    end

    # Runs inside the namespaces: prepares them, runs the command and returns its exit status.
    def run(files, *command)
      prepare_network
      Dir.mktmpdir("em-sandbox") do |work|
        FILES.each { |path, content| replace(path, content, work) } if files == "own-files"
        start_servers
        system(*command)
        $?.exitstatus || 1
      end
    end

    def possible?(command)
      _, status = Open3.capture2e(*command, "ip", "link", "set", "lo", "up")
      status.success?
    rescue Errno::ENOENT
      false
    end

    def prepare_network
      ip("link", "set", "lo", "up")
      [IPV4, *StandIns::ADDRESSES.values.flatten.grep(/\A198/)].each { |address| assign(address) }
      ip("route", "add", "default", "dev", "lo", "src", IPV4)
      return unless ipv6?

      assign(IPV6)
      ip("-6", "route", "add", "default", "dev", "lo")
    end

    # Without IPv6 in the kernel the tests that need it skip themselves.
    def ipv6?
      File.exist?("/proc/net/if_inet6")
    end

    # The address may exist already.
    def assign(address)
      ip("addr", "add", "#{address}/#{address.include?(':') ? 128 : 32}", "dev", "lo", exception: false)
    end

    def ip(*arguments, exception: true)
      system("ip", *arguments, exception: exception, err: exception ? :err : File::NULL)
    end

    def replace(path, content, work)
      return unless File.exist?(path)

      substitute = File.join(work, File.basename(path))
      File.write(substitute, content)
      File.chmod(0o644, substitute)
      system("mount", "--bind", substitute, File.realpath(path), exception: true)
    end

    def start_servers
      name_servers.each do |address|
        assign(address)
        StandIns::NameServer.new(address, 53).start
      end
      StandIns::WebServer.new(StandIns::WEB, 80).start
      StandIns::WebServer.new(StandIns::WEB, 443, tls: true).start
    end

    # @return [Array<String>] the addresses that resolv.conf tells; without any, 127.0.0.1 is asked
    def name_servers
      path = "/etc/resolv.conf"
      lines = File.exist?(path) ? File.readlines(path, encoding: "UTF-8") : []
      addresses = lines.filter_map { |line| line[/\Anameserver\s+([^\s%]+)/, 1] }.uniq
      addresses.empty? ? ["127.0.0.1"] : addresses
    end
  end
end

exit Upstream::Sandbox.run(*ARGV) if $PROGRAM_NAME == __FILE__
