# frozen_string_literal: true

# Many peers of the servers in house.rb, most of them ill-behaved. They know nothing of EventMachine.
#
#   ruby peers.rb PORTS SESSIONS SEED     ports as JSON; prints one JSON object in the end

require "digest/sha2"
require "json"
require "openssl"
require "socket"
require "timeout"

# One session after the other, in many threads.
class Peers
  THREADS = 100
  LIMIT = 60
  GOOD = %i[echo echo_by_proxy echo_by_tls echo_by_stream echo_by_fiber].freeze
  BAD = %i[close_at_once reset half_close_and_leave stall flood garbage_to_tls garbage_in_tls cut_tls
           flood_by_proxy flood_by_stream flood_by_fiber datagrams trickle_to_tls].freeze

  def initialize(ports, sessions, seed)
    @ports = ports.transform_keys(&:to_sym)
    @seed = seed
    @sessions = Queue.new
    sessions.times { |number| @sessions << number }
    @sessions.close
    @counts = Hash.new(0)
    @times = []
    @faults = []
    @lock = Mutex.new
  end

  # @return [Hash]
  def run
    Array.new(THREADS) { Thread.new { work } }.each(&:join)
    { sessions: @counts, faults: @faults, median_ms: quantile(0.5), p99_ms: quantile(0.99), max_ms: @times.max }
  end

  private

  def quantile(share)
    @times.sort[(@times.size * share).floor]
  end

  def work
    while (number = @sessions.pop)
      random = Random.new((@seed * 1_000_003) + number)
      kind = random.rand(2).zero? ? GOOD.sample(random: random) : BAD.sample(random: random)
      run_session(kind, number, random)
    end
  end

  def run_session(kind, number, random)
    started = Process.clock_gettime(Process::CLOCK_MONOTONIC)
    Timeout.timeout(LIMIT) { send(kind, random) }
  rescue StandardError => e
    note_fault(kind, number, e) if GOOD.include?(kind) || e.is_a?(Timeout::Error)
  ensure
    taken = (Process.clock_gettime(Process::CLOCK_MONOTONIC) - started) * 1000
    @lock.synchronize do
      @counts[kind] += 1
      @times << taken.round(1) if GOOD.include?(kind)
    end
  end

  def note_fault(kind, number, error)
    @lock.synchronize { @faults << "#{kind} in session #{number}: #{error.class}: #{error.message}" }
  end

  # Good peers get the whole of what they sent, in its order, and nothing else.

  def echo(random) = tcp(:echo) { |socket| exchange(socket, random) { socket.close_write } }

  def echo_by_proxy(random) = tcp(:proxy) { |socket| exchange(socket, random) { socket.close_write } }

  def echo_by_stream(random) = tcp(:stream) { |socket| exchange(socket, random) { socket.close_write } }

  def echo_by_fiber(random) = tcp(:fiber) { |socket| exchange(socket, random) { socket.close_write } }

  def echo_by_tls(random)
    tls { |secure| exchange(secure, random, size: random.rand(1..200_000)) }
  end

  def exchange(socket, random, size: random.rand(1..400_000))
    data = random.bytes(size)
    writer = Thread.new do
      pos = 0
      while pos < size
        piece = data.byteslice(pos, random.rand(1..50_000))
        pos += piece.bytesize
        socket.write(piece)
      end
      yield if block_given?
    end
    answer = read_exactly(socket, size)
    writer.join
    raise "#{answer.bytesize} of #{size} bytes came back" if answer.bytesize != size
    raise "other bytes came back" if Digest::SHA256.digest(answer) != Digest::SHA256.digest(data)
    raise "more came back" if block_given? && socket.read != ""
  end

  def read_exactly(socket, size)
    answer = String.new(capacity: size)
    answer << socket.readpartial(size - answer.bytesize) while answer.bytesize < size
    answer
  rescue EOFError
    answer
  end

  # Bad peers.

  def close_at_once(_random) = tcp(:echo) { nil }

  def reset(random)
    tcp(%i[echo proxy stream fiber].sample(random: random)) do |socket|
      socket.write(random.bytes(random.rand(1..100_000)))
      linger(socket)
    end
  end

  def half_close_and_leave(random)
    tcp(%i[proxy stream fiber].sample(random: random)) do |socket|
      socket.write(random.bytes(100_000))
      socket.close_write
    end
  end

  def stall(random)
    tcp(%i[echo stream fiber].sample(random: random)) { |socket| socket.write("x") && sleep(random.rand * 0.5) }
  end

  def flood(_random, port = :echo)
    tcp(port) do |socket|
      stop = Process.clock_gettime(Process::CLOCK_MONOTONIC) + 0.3
      while Process.clock_gettime(Process::CLOCK_MONOTONIC) < stop
        socket.write_nonblock("f" * 65_536, exception: false) == :wait_writable && sleep(0.02)
      end
      linger(socket)
    end
  end

  def flood_by_proxy(random) = flood(random, :proxy)

  def flood_by_stream(random) = flood(random, :stream)

  def flood_by_fiber(random) = flood(random, :fiber)

  def garbage_to_tls(random) = tcp(:tls) { |socket| socket.write(random.bytes(5000)) && socket.readpartial(100) }

  def trickle_to_tls(_random)
    tcp(:tls) { |socket| "\x16\x03\x01\x02\x00\x01".each_char { |char| socket.write(char) && sleep(0.01) } }
  end

  def garbage_in_tls(random)
    tls do |secure|
      secure.write("hello")
      secure.to_io.write(random.bytes(1000))
      secure.to_io.readpartial(100) while true
    end
  end

  def cut_tls(_random) = tls { |secure| secure.write("x" * 10_000) && linger(secure.to_io) }

  def datagrams(random)
    socket = UDPSocket.new
    200.times { socket.send(random.bytes(random.rand(0..1400)), 0, "127.0.0.1", @ports[:datagrams]) }
  ensure
    socket&.close
  end

  def tcp(name)
    socket = TCPSocket.new("127.0.0.1", @ports[name])
    yield socket
  ensure
    socket&.close
  end

  def tls
    tcp(:tls) do |socket|
      context = OpenSSL::SSL::SSLContext.new
      context.verify_mode = OpenSSL::SSL::VERIFY_NONE
      yield OpenSSL::SSL::SSLSocket.new(socket, context).connect
    end
  end

  # The close that follows is a reset.
  def linger(socket)
    socket.setsockopt(Socket::SOL_SOCKET, Socket::SO_LINGER, [1, 0].pack("ii"))
  end
end

ports, sessions, seed = ARGV
puts JSON.generate(Peers.new(JSON.parse(ports), Integer(sessions), Integer(seed)).run)
