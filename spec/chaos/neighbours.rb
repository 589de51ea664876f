# frozen_string_literal: true

# How long peers wait for answers while others attack the same loop.
#
#   ruby neighbours.rb        CONNECTIONS=1000, SECONDS=4 for each attack, HANDSHAKES=5000, ATTACKS=flood,…
#
# The connections ask 2,000 times a second, together; what is printed is the time until the answer. Each attack is made
# on a loop of another process first, which takes as much of the machine: so the difference is what the loop costs.
# Memory is the most that was resident meanwhile, and how much that is more than before, for each connection of the
# attacker's.

$LOAD_PATH.unshift(File.expand_path("../../lib", __dir__))
require "eventmachine"
require "json"
require "openssl"
require "rbconfig"
require "socket"
require_relative "asker"

CONNECTIONS = Integer(ENV.fetch("CONNECTIONS", "1000"))

# What attackers do, in a process of their own until they are ended.
module Attack
  # Records with the beginning of a hello: of 512 bytes, and of the most that a handshake message may have in TLS.
  HELLO = ["160303 0200 01 0001fc 0303".delete(" ")].pack("H*")
  LARGE_HELLO = (["160303 4000 01 00fffb 0303".delete(" ")].pack("H*") + ("x" * 16_378)).freeze
  MORE_OF_IT = (["1603034000"].pack("H*") + ("x" * 16_384)).freeze
  HANDSHAKES = Integer(ENV.fetch("HANDSHAKES", "5000"))
  # Those that say themselves when all of their connections are there.
  GATHERING = %w[slow_lines slow_handshakes large_handshakes].freeze

  module_function

  def none(_ports) = sleep

  def flood(ports)
    socket = TCPSocket.new("127.0.0.1", ports["sink"])
    loop { socket.write("x" * 1_000_000) }
  end

  def datagram_flood(ports)
    socket = UDPSocket.new
    socket.connect("127.0.0.1", ports["datagrams"])
    loop { socket.send("x" * 1000, 0) }
  end

  # Each piece is a callback of ten milliseconds.
  def slow_callbacks(ports)
    socket = TCPSocket.new("127.0.0.1", ports["slow"])
    loop { socket.write("x") }
  end

  def ten_slow_callbacks(ports)
    sockets = Array.new(10) { TCPSocket.new("127.0.0.1", ports["slow"]) }
    loop { sockets.each { |socket| socket.write("x") } }
  end

  def slow_lines(ports)
    many(ports["lines"], 500, 0.05) { |socket| socket.write("x") }
  end

  def endless_lines(ports) = repeatedly(ports["lines"]) { |socket| socket.write("x" * 1_000_000) }

  def endless_headers(ports) = repeatedly(ports["headers"]) { |socket| socket.write("a: b\n" * 10_000) }

  def connects(ports) = loop { TCPSocket.new("127.0.0.1", ports["sink"]).close }

  def slow_handshakes(ports)
    many(ports["tls"], HANDSHAKES, 1, HELLO) { |socket| socket.write("x") }
  end

  # They stop in the last of four records.
  def large_handshakes(ports)
    many(ports["tls"], HANDSHAKES, 1, LARGE_HELLO + (MORE_OF_IT * 2)) { nil }
  end

  def garbage_to_tls(ports) = repeatedly(ports["tls"]) { |socket| socket.write("x" * 100) }

  # Each byte is a record.
  def tiny_records(ports)
    context = OpenSSL::SSL::SSLContext.new
    context.verify_mode = OpenSSL::SSL::VERIFY_NONE
    repeatedly(ports["tls"]) do |socket|
      secure = OpenSSL::SSL::SSLSocket.new(socket, context).connect
      loop { secure.syswrite("x") }
    end
  end

  def many(port, count, pause, first = "")
    sockets = Array.new(count) { TCPSocket.new("127.0.0.1", port).tap { |socket| socket.write(first) } }
    under_way
    # Not all at once: they know nothing of each other.
    slices = sockets.each_slice((count / 50.0).ceil).to_a
    slices.cycle do |slice|
      slice.each { |socket| yield(socket) rescue nil }
      sleep(pause.fdiv(slices.size))
    end
  end

  def under_way
    $stdout.puts
    $stdout.flush
  end

  # One connection after the other, each for as long as the server has it.
  def repeatedly(port)
    loop do
      socket = TCPSocket.new("127.0.0.1", port)
      loop { yield(socket) }
    rescue SystemCallError, IOError, OpenSSL::SSL::SSLError
      socket&.close
    end
  end

  KINDS = %i[none flood datagram_flood slow_callbacks ten_slow_callbacks slow_lines endless_lines endless_headers
             connects slow_handshakes large_handshakes garbage_to_tls tiny_records].freeze
end

# Those who wait for answers meanwhile.
module Neighbours
  module_function

  def run(ports, connections, seconds, attack)
    EventMachine.run do
      period = connections / 2000.0
      connections.times { EventMachine.connect("127.0.0.1", ports["echo"], Asker, period) }
      waiting = EventMachine.add_periodic_timer(0.05) do
        next if Asker.times.size < 2 * connections

        waiting.cancel
        measure(seconds, attack)
      end
    end
    puts JSON.generate(Asker.summary)
  end

  # All have been answered by now. What is measured begins a second after the attack is under way.
  def measure(seconds, attack)
    begun, tell = IO.pipe
    attacker = spawn(RbConfig.ruby, __FILE__, "attack", *attack, out: tell, err: File::NULL)
    EventMachine.wait_readable(begun) do
      EventMachine.add_timer(1) { Asker.times.clear }
      EventMachine.add_timer(seconds + 1) do
        Process.kill("KILL", attacker)
        EventMachine.stop
      end
    end
  end
end

# The loop that is attacked.
module Server
  Echo = Module.new { def receive_data(data) = send_data(data) }
  Lines = Module.new { include EventMachine::Protocols::LineText2 }
  Secure = Module.new { def post_init = start_tls }

  # Keeps the processor busy, as computing does.
  class Slow < EventMachine::Connection
    TIME = 0.01

    def receive_data(_data)
      stop = Process.clock_gettime(Process::CLOCK_MONOTONIC) + TIME
      nil while Process.clock_gettime(Process::CLOCK_MONOTONIC) < stop
    end
  end

  module_function

  def run
    elsewhere = IO.popen([RbConfig.ruby, __FILE__, "elsewhere"])
    other = elsewhere.gets
    EventMachine.run do
      here = open_ports
      EventMachine.add_periodic_timer(0.1) { look }
      wanted = ENV.fetch("ATTACKS", Attack::KINDS.join(",")).split(",")
      rounds = wanted.flat_map { |kind| [[kind, "elsewhere", other], [kind, "here", here]] }
      attack_next(rounds, here)
    end
  ensure
    Process.kill("KILL", elsewhere.pid)
  end

  # The same servers, and nobody who asks.
  def run_elsewhere
    EventMachine.run { puts open_ports }
  end

  def open_ports
    handlers = { echo: Echo, sink: nil, lines: Lines, headers: EventMachine::Protocols::HeaderAndContentProtocol,
                 tls: Secure, slow: Slow }
    servers = handlers.transform_values { |handler| EventMachine.start_server("127.0.0.1", 0, handler) }
    servers[:datagrams] = EventMachine.open_datagram_socket("127.0.0.1", 0).signature
    JSON.generate(servers.transform_values { |name| EventMachine.get_sockname(name).unpack1("x2n") })
  end

  def attack_next(rounds, here)
    return EventMachine.stop unless (kind, place, ports = rounds.shift)

    @looks = []
    EventMachine.system(RbConfig.ruby, __FILE__, "ask", here, kind, ports) do |output, _|
      tell(kind, place, *JSON.parse(output))
      EventMachine.add_timer(0.5) { attack_next(rounds, here) }
    end
  end

  # How many connections there are, and KiB.
  def look
    status = File.read("/proc/self/status", encoding: "UTF-8")
    @looks << [EventMachine.connection_count, Integer(status[/VmRSS:\s+(\d+)/, 1])]
  end

  def tell(kind, place, count, median, p99, longest)
    few, little = @looks.find { |connections, _| connections > CONNECTIONS } || @looks.first
    many = @looks.map(&:first).max
    much = @looks.map(&:last).max
    share = format("%5.1f KiB each", (much - little).fdiv(many - few)) if many > 2 * few
    puts format("%-18s %-9s %6d answers, median %7.2f ms, p99 %8.2f ms, most %8.2f ms; %7d KiB, %5d connections %s",
                kind, place, count, median, p99, longest, much, many, share)
  end
end

$stdout.sync = true
case ARGV.shift
when "attack"
  Attack.under_way unless Attack::GATHERING.include?(ARGV[0])
  Attack.public_send(ARGV[0], JSON.parse(ARGV[1]))
when "ask"
  Neighbours.run(JSON.parse(ARGV.shift), CONNECTIONS, Float(ENV.fetch("SECONDS", "4")),
                 ARGV)
when "elsewhere" then Server.run_elsewhere
else Server.run
end
