# frozen_string_literal: true

require "open3"
require "tmpdir"

require_relative "stand_ins"

module Upstream
  # A network of its own for the tests: Linux namespaces in which the loopback interface has public-looking
  # addresses and swallows what is sent anywhere else, with resolv.conf, hosts and servers that stand in for
  # the Internet.
  module Sandbox
    IPV4 = "198.18.0.1"
    IPV6 = "2001:db8::1"
    HOSTS = "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n"
    RESOLVER = "nameserver 127.0.0.1\noptions timeout:1 attempts:2\n"

    module_function

    # @return [Array<String>, nil] the command that makes the namespaces; nil where there are none to be had
    def prefix
      root = Process.uid.zero? ? [] : ["--map-root-user"]
      command = ["unshare", "--net", "--mount", *root]
      probe = "#{ip_commands.first} && mount --bind /etc/hosts /etc/hosts"
      _, status = Open3.capture2e(*command, "sh", "-c", probe)
      command if status.success?
    rescue Errno::ENOENT
      nil
    end

    # Runs inside the namespaces: prepares them, runs the command and returns its exit status.
    def run(command)
      prepare_network
      Dir.mktmpdir("em-sandbox") do |work|
        replace("/etc/hosts", HOSTS, work)
        replace("/etc/resolv.conf", RESOLVER, work)
        start_servers
        system(*command)
        $?.exitstatus || 1
      end
    end

    def ip_commands
      addresses = [IPV4, *StandIns::ADDRESSES.values.flatten]
      ["ip link set lo up",
       *addresses.map { |address| "ip addr add #{address}/32 dev lo" },
       "ip route add default dev lo src #{IPV4}"]
    end

    # Without IPv6 in the kernel the tests that want it omit themselves.
    def prepare_network
      ip_commands.each { |command| system(*command.split, exception: true) }
      return unless File.exist?("/proc/net/if_inet6")

      system("ip", "-6", "addr", "add", "#{IPV6}/128", "dev", "lo", err: File::NULL)
      system("ip", "-6", "route", "add", "default", "dev", "lo", err: File::NULL)
    end

    def replace(path, content, work)
      substitute = File.join(work, File.basename(path))
      File.write(substitute, content)
      File.chmod(0o644, substitute)
      system("mount", "--bind", substitute, File.realpath(path), exception: true)
    end

    def start_servers
      StandIns::NameServer.new("127.0.0.1", 53).start
      StandIns::WebServer.new(StandIns::WEB, 80).start
      StandIns::WebServer.new(StandIns::WEB, 443, tls: true).start
    end
  end
end

exit Upstream::Sandbox.run(ARGV) if $PROGRAM_NAME == __FILE__
