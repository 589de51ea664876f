# frozen_string_literal: true

# What slow readers cost a server that heeds them.
#
#   ruby slow_readers.rb      SIZE=1024 MiB to one of them, EVERY=8, CONNECTIONS=10000 of which half stop reading,
#                             SECONDS=10
#
# One reader: how far the server's memory grows at most while it sends that much. Many: how long those that go on
# have to wait for answers, with and without those that have stopped.

$LOAD_PATH.unshift(File.expand_path("../../lib", __dir__))
require "eventmachine"
require "json"
require "rbconfig"
require "socket"
require_relative "asker"

MIB = 1024 * 1024

# @return [Integer] KiB of memory of a process, now
def resident(pid = Process.pid)
  File.read("/proc/#{pid}/status", encoding: "UTF-8")[/^VmRSS:\s+(\d+)/, 1].to_i
end

# Sends so much to one that reads it as slowly as it likes, in each of the ways that there are.
module Sending
  PIECE = ("x" * 16_384).freeze
  HIGH = 65_536
  EVERY = Integer(ENV.fetch("EVERY", "8"))

  # By callbacks.
  module Callbacks
    def post_init
      @left = SIZE
      set_outbound_limits(high: HIGH)
      produce
    end

    def produce
      (send_data(PIECE) && @left -= PIECE.bytesize) while @left.positive? && !outbound_full?
      close_connection_after_writing if @left.zero?
    end
    alias outbound_drained produce

    def outbound_full
      Sending.sample
    end
  end

  # Passes on what comes from elsewhere.
  class Relay < EventMachine::Connection
    # The side that is read from.
    module Source
      attr_writer :target

      def receive_data(data)
        @target.send_data(data)
        Sending.sample(EVERY)
      end

      def unbind = @target.close_connection_after_writing
    end

    def post_init
      source = EventMachine.connect("127.0.0.1", Sending.port, Source)
      source.target = self
      pause_when_full(source)
    end
  end

  class << self
    attr_accessor :port, :most

    # What comes in, up to 64 KiB in each callback, is garbage soon, of which Ruby collects 16 MiB and more at a time.
    # To leave it out, it is collected each so many calls.
    def sample(every = 64)
      @samples = (@samples || 0) + 1
      return unless (@samples % every).zero?

      GC.start
      @most = [@most, resident].max
    end

    # @return [Integer] the signature of a server that sends in this way
    def serve(way)
      case way
      when "callbacks" then EventMachine.start_server("127.0.0.1", 0, Callbacks)
      when "streams" then EventMachine.serve("127.0.0.1", 0) { |stream| write_all(stream) }
      when "pause_when_full" then EventMachine.start_server("127.0.0.1", 0, Relay)
      end
    end

    def write_all(stream)
      (SIZE / PIECE.bytesize).times { stream.write(PIECE) && sample }
    end

    # Serves, and tells on standard output where.
    def run(way)
      EventMachine.run do
        server = serve(way)
        GC.start
        @most = before = resident
        puts EventMachine.get_sockname(server).unpack1("x2n")
        $stdout.flush
        EventMachine.attach($stdin, Module.new { def unbind = EventMachine.stop })
        EventMachine.add_shutdown_hook { puts @most - before }
      end
    end
  end

  SIZE = Integer(ENV.fetch("SIZE", "1024")) * MIB

  # The reader waits now and then, so that all buffers fill, and counts.
  def self.read(port)
    TCPSocket.open("127.0.0.1", port) do |socket|
      count = 0
      buffer = +""
      while socket.readpartial(MIB, buffer)
        sleep(0.05) if (count / (64 * MIB)) != ((count += buffer.bytesize) / (64 * MIB))
      end
    rescue EOFError
      count
    end
  end
end

# Many connections, half of which stop reading.
module Many
  CONNECTIONS = Integer(ENV.fetch("CONNECTIONS", "10000"))
  SECONDS = Float(ENV.fetch("SECONDS", "10"))
  # Each asks so often, in seconds.
  PERIOD = 2.0

  # Answers a question, or sends without end to who asks for that, as far as it is read.
  module Server
    def receive_data(data)
      return send_data(data) unless data == "*"

      set_sock_opt(Socket::SOL_SOCKET, Socket::SO_SNDBUF, 4096)
      set_outbound_limits(high: 4096)
      outbound_drained
    end

    def outbound_drained
      send_data(Sending::PIECE) until outbound_full?
    end
  end

  # Reads nothing.
  module Stalled
    def connection_completed
      pause
      set_sock_opt(Socket::SOL_SOCKET, Socket::SO_RCVBUF, 4096)
      resume
      send_data("*")
    end

    def receive_data(_data) = pause
  end

  class << self
    def serve
      EventMachine.run do
        puts EventMachine.get_sockname(EventMachine.start_server("127.0.0.1", 0, Server)).unpack1("x2n")
        $stdout.flush
        EventMachine.attach($stdin, Module.new { def unbind = EventMachine.stop })
      end
    end

    # Prints how long those that go on have waited for answers, in milliseconds, and the server's memory before and
    # after, in KiB.
    def ask(port, stalled, pid)
      EventMachine.run do
        connect(port, CONNECTIONS / 2, Asker, PERIOD)
        connect(port, CONNECTIONS / 2, Stalled) if stalled
        settle = CONNECTIONS / 2000.0 + PERIOD
        EventMachine.add_timer(settle) { (@before = resident(pid)) && Asker.times.clear }
        EventMachine.add_timer(settle + SECONDS) { (@after = resident(pid)) && EventMachine.stop }
      end
      puts JSON.generate([*Asker.summary, @before, @after])
    end

    # A few in each turn, as the server's backlog has it.
    def connect(port, count, *handler)
      timer = EventMachine.add_periodic_timer(0.01) do
        [50, count].min.times { EventMachine.connect("127.0.0.1", port, *handler) }
        timer.cancel if (count -= 50) <= 0
      end
    end
  end
end

# Runs the parts in processes of their own.
module SlowReaders
  module_function

  def run
    %w[callbacks streams pause_when_full].each { |way| one(way) }
    rounds = 3.times.flat_map { [many(false), many(true)] }
    without, with = rounds.partition.with_index { |_, index| index.even? }.map { |part| part.map { |p99| p99 }.sort[1] }
    puts format("p99 with those that stopped is %.2f times that without (medians of three)", with / without)
  end

  def one(way)
    supply("callbacks") do |source, _|
      supply(way, source) do |port, _, tell|
        read = Sending.read(port)
        grown = tell.call
        puts format("%-16s %d MiB sent, %d MiB read; memory grew by %d KiB at most", way, Sending::SIZE / MIB,
                    read / MIB, grown)
        abort "lost: #{Sending::SIZE - read} bytes" unless read == Sending::SIZE
      end
    end
  end

  # A server in a process, which ends with the block.
  def supply(*arguments)
    IO.popen([RbConfig.ruby, __FILE__, "serve", *arguments.map(&:to_s)], "r+") do |process|
      port = process.gets.to_i
      yield port, process.pid, lambda {
        process.close_write
        process.gets.to_i
      }
    end
  end

  def many(stalled)
    supply("many") do |port, pid|
      answer = IO.popen([RbConfig.ruby, __FILE__, "ask", port.to_s, stalled.to_s, pid.to_s], &:read)
      count, median, p99, most, before, after = JSON.parse(answer)
      puts format("%-16s %6d answers, median %.2f ms, p99 %.2f ms, most %.2f ms; memory %d KiB, then %d KiB",
                  stalled ? "half stopped" : "without them", count, median, p99, most, before, after)
      p99
    end
  end
end

$stdout.sync = true
EventMachine.set_descriptor_table_size(1_000_000)
case ARGV.shift
when "serve"
  Sending.port = ARGV[1].to_i
  ARGV[0] == "many" ? Many.serve : Sending.run(ARGV[0])
when "ask" then Many.ask(Integer(ARGV[0]), ARGV[1] == "true", Integer(ARGV[2]))
else SlowReaders.run
end
