# frozen_string_literal: true

# Connects and streams to a host at the other end of a link that is slow and loses packets: what `rake far_hosts` runs.
# Both hosts are network namespaces (see FarLink and NameSpace), and it says so where these are not allowed.

require_relative "answered_programs"

# The programs.
module FarHosts
  # What each program begins with. The other host echoes, with TLS on the second port, and says when it is up.
  HELPERS = <<~RUBY.freeze
    require "digest"
    require #{File.expand_path('far_link', __dir__).dump}

    HOSTS = ["fd00:9::2", "10.9.0.2"]
    addresses["both.example"] = HOSTS
    EventMachine.name_resolution = :threads

    def far_host(**link)
      FarLink.start(<<~PROGRAM, **link)
        echo = Module.new { def receive_data(data) = send_data(data) }
        secure = Module.new do
          def post_init = start_tls
          def receive_data(data) = send_data(data)
        end
        EventMachine.run do
          \#{HOSTS}.each do |host|
            EventMachine.start_server(host, 7000, echo)
            EventMachine.start_server(host, 7001, secure)
          end
          EventMachine.next_tick { FarLink.tell }
        end
      PROGRAM
    end

    def clock = Process.clock_gettime(Process::CLOCK_MONOTONIC)

    # Prints ok if a connect by name takes about so many seconds, and ends at this host.
    def expect_connect(seconds, host)
      EventMachine.run do
        start = clock
        EventMachine.connect("both.example", 7000, Module.new do
          define_method(:connection_completed) do
            took = clock - start
            right = took.between?(seconds - 0.005, seconds + 0.06) && remote_address.ip_address == host
            puts(right ? "ok" : "after \#{took} s, by \#{remote_address.ip_address}")
            EventMachine.stop
          end
        end)
      end
    end
  RUBY

  # A connection that sends bytes, and compares what comes back.
  STREAMS = <<~'RUBY'
    class Stream < EventMachine::Connection
      SIZE = 1024 * 1024
      # Where tcp_info of linux/tcp.h has the segments that were sent again.
      RETRANSMITTED = "@100L"

      def self.ends = @ends ||= []
      def self.repeats = @repeats ||= []

      def initialize(number, secure)
        super
        @sent = Random.new(number).bytes(SIZE)
        @digest = Digest::SHA256.new
        @received = 0
        start_tls if secure
        send_data(@sent)
      end

      def receive_data(data)
        @digest << data
        return if (@received += data.bytesize) < SIZE

        Stream.repeats << get_sock_opt(Socket::IPPROTO_TCP, Socket::TCP_INFO).unpack1(RETRANSMITTED)
        close_connection
      end

      def unbind(reason)
        Stream.ends << (reason || (@digest.digest == Digest::SHA256.digest(@sent) ? :whole : :damaged))
        EventMachine.stop if Stream.ends.size == 20
      end
    end

    EventMachine.run do
      20.times do |number|
        EventMachine.connect(HOSTS[number % 2], 7000 + (number / 10), Stream, number, number >= 10)
      end
    end
    right = Stream.ends == [:whole] * 20 && Stream.repeats.sum.positive?
    puts(right ? "ok" : "#{Stream.ends.tally}, #{Stream.repeats}")
  RUBY

  PROGRAMS = {
    "a name is connected to by IPv6, where that takes 100 ms" => <<~RUBY,
      far_host(delays: { 6 => 0.05, 4 => 0.05 })
      expect_connect(0.1, HOSTS.first)
    RUBY
    "it is connected to by IPv4 250 ms later, where IPv6 takes 800 ms" => <<~RUBY,
      far_host(delays: { 6 => 0.4, 4 => 0.02 })
      expect_connect(0.29, HOSTS.last)
    RUBY
    "20 streams, half of them with TLS, are whole where 40 ms and a packet in 20 are lost" => <<~RUBY + STREAMS
      far_host(delays: { 6 => 0.02, 4 => 0.02 }, loss: 0.05)
    RUBY
  }.freeze
end

AnsweredPrograms.new(FarHosts::HELPERS, FarHosts::PROGRAMS, 240).run
