#!/usr/bin/env ruby
# frozen_string_literal: true

# What names cost: connects by name against those by address, and 1,000 names resolved at once against 16 threads of
# Ruby's. It runs itself in a network of its own, with a name server that takes 10 ms for an answer.
#
#   bench/names.rb [ROUNDS]

require "open3"
require "rbconfig"

$LOAD_PATH.unshift(File.expand_path("../lib", __dir__))
require_relative "../spec/support/process_helper"
require_relative "../spec/support/name_space"

# Runs a program beside a name server.
class Names
  include ProcessHelper
  include NameSpace

  SERVER = <<~RUBY
    require "resolv"
    EventMachine.run do
      EventMachine.open_datagram_socket("127.0.0.1", 53, Module.new do
        define_method(:receive_data) do |data|
          query, asker = Resolv::DNS::Message.decode(data), remote_address
          host, type = query.question.first
          reply = Resolv::DNS::Message.new(query.id).tap { |message| message.qr = message.ra = 1 }
          reply.add_question(host, type)
          reply.add_answer(host, 60, type.new("192.0.2.1")) if type == Resolv::DNS::Resource::IN::A
          EventMachine.add_timer(0.01) { send_datagram(reply.encode, asker) }
        end
      end)
      $stdout.puts("ready") || $stdout.flush
    end
  RUBY

  HELPERS = <<~RUBY
    ROUNDS = %<rounds>d

    def clock(id = Process::CLOCK_MONOTONIC) = Process.clock_gettime(id)

    def median(figures) = figures.sort[figures.size / 2]
  RUBY

  CONNECTS = <<~RUBY
    # The microseconds of CPU time for a connect that is made, accepted and closed.
    def connects(host, count = 3_000)
      EventMachine.run do
        server = EventMachine.start_server("127.0.0.1", 0)
        port = Addrinfo.new(EventMachine.get_sockname(server)).ip_port
        left = count
        client = Class.new(EventMachine::Connection) do
          define_method(:connection_completed) { close_connection }
          define_method(:unbind) { (left -= 1).zero? ? EventMachine.stop : EventMachine.connect(host, port, client) }
        end
        @start = clock(Process::CLOCK_PROCESS_CPUTIME_ID)
        EventMachine.connect(host, port, client)
      end
      (clock(Process::CLOCK_PROCESS_CPUTIME_ID) - @start) / count * 1e6
    end

    rounds = Array.new(ROUNDS) do
      EventMachine.name_resolution = :inline
      literal, inline = connects("127.0.0.1"), connects("localhost")
      EventMachine.name_resolution = :threads
      literal_again, threads = connects("127.0.0.1"), connects("localhost")
      [literal, inline, literal_again, threads]
    end
    literal, inline, literal_again, threads = rounds.transpose.map { |figures| median(figures) }
    puts format("connect by localhost, inline:  %%.1f us, %%.2f of one by 127.0.0.1", inline, inline / literal)
    puts format("connect by localhost, threads: %%.1f us, %%.2f of one by 127.0.0.1", threads, threads / literal_again)
  RUBY

  RESOLUTIONS = <<~RUBY
    up = ["lo", 0x1].pack("a16s!x22")
    UDPSocket.open { |socket| socket.ioctl(0x8914, up) }
    server = IO.popen([RbConfig.ruby, "-I", %<library>p, "-r", "eventmachine", "-e", %<server>p])
    server.gets
    def by_loop(names)
      left = names.size
      start = clock
      EventMachine.run do
        names.each do |name|
          EventMachine.resolve(name, family: :INET, timeout: 60).callback { (left -= 1).zero? && EventMachine.stop }
        end
      end
      clock - start
    end

    def by_threads(names)
      queue = Queue.new.tap { |filled| names.each { |name| filled << name } }
      start = clock
      work = -> { loop { Addrinfo.getaddrinfo(queue.pop(true), nil, :INET, :STREAM) } rescue ThreadError }
      Array.new(16) { Thread.new(&work) }.each(&:join)
      clock - start
    end

    pairs = Array.new(ROUNDS) do |round|
      kinds = %%w[a b].map { |kind| Array.new(1_000) { |number| "\#{kind}\#{round}-\#{number}.example" } }
      [by_loop(kinds[0]), by_threads(kinds[1])]
    end
    ours, theirs = pairs.transpose.map { |figures| median(figures) }
    puts format("1,000 names at once: %%.3f s, %%.2f of the %%.3f s of 16 threads", ours, ours / theirs, theirs)
    Process.kill(:TERM, server.pid)
  RUBY

  def run(rounds)
    abort "Namespaces are not allowed here: nothing was measured." unless NameSpace.allowed?
    facts = { library: LIBRARY, server: SERVER, rounds: rounds }
    # By the hosts file of this machine: the network of its own has none.
    puts run_ruby(format(HELPERS + CONNECTS, facts), limit: patience).first
    puts run_in_name_space(format(HELPERS + RESOLUTIONS, facts))
  end

  private

  def patience
    600
  end
end

Names.new.run(Integer(ARGV.fetch(0, 5)))
