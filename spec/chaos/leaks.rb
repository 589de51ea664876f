# frozen_string_literal: true

# Makes and ends 100,000 connections of each kind, and compares objects, descriptors and memory before and after.
#
#   ruby leaks.rb [KIND…]        CONNECTIONS=100000

$LOAD_PATH.unshift(File.expand_path("../../lib", __dir__))
require "eventmachine"
require "objspace"
require "socket"
require "tmpdir"

# Connections of one kind.
class Leaks
  AT_ONCE = 50
  # The first ones fill pools, caches and the heap.
  WARM_UP = 0.3
  GROWTH = 1.02
  # Kilobytes that the memory may grow by whatever the share: a page of the allocator here and there.
  SLACK = 2048

  Echo = Module.new { def receive_data(data) = send_data(data) && close_connection_after_writing }
  SecureEcho = Module.new do
    include Echo
    def post_init = start_tls
  end

  # Says a word, and counts as done when its connection has ended.
  class Client < EventMachine::Connection
    def initialize(leaks, secure: false)
      super
      @leaks = leaks
      @secure = secure
    end

    def connection_completed
      start_tls if @secure
      send_data("word")
    end

    def receive_data(_data); end
    def unbind(_reason = nil) = @leaks.done
  end

  KINDS = {
    tcp: ->(leaks) { EventMachine.connect("127.0.0.1", leaks.port(Echo), Client, leaks) },
    tls: ->(leaks) { EventMachine.connect("127.0.0.1", leaks.port(SecureEcho), Client, leaks, secure: true) },
    stream: ->(leaks) { EventMachine.connect("127.0.0.1", leaks.stream_port, Client, leaks) },
    fiber: ->(leaks) { EventMachine.fiber { leaks.ask_in_fiber } },
    unix: ->(leaks) { EventMachine.connect_unix_domain(leaks.path, Client, leaks) },
    refused: ->(leaks) { EventMachine.connect("127.0.0.1", leaks.closed_port, Client, leaks) },
    datagram: lambda do |leaks|
      EventMachine.open_datagram_socket("127.0.0.1", 0, Client, leaks) do |socket|
        socket.send_datagram("word", "127.0.0.1", leaks.closed_port)
        socket.close_connection_after_writing
      end
    end,
    attached: lambda do |leaks|
      near, far = UNIXSocket.pair
      EventMachine.attach(near, Client, leaks)
      far.close
    end,
    watched: lambda do |leaks|
      near, far = UNIXSocket.pair
      watch = EventMachine.watch(near, Module.new { def notify_readable = nil })
      watch.notify_readable = true
      watch.detach
      [near, far].each(&:close)
      EventMachine.next_tick { leaks.done }
    end,
    timer: ->(leaks) { EventMachine.add_timer(0.001) { leaks.done } && EventMachine::Timer.new(60) { nil }.cancel },
    deferred: ->(leaks) { EventMachine.defer(-> { 1 }, ->(_) { leaks.done }) },
    process: ->(leaks) { EventMachine.popen("true", Client, leaks) }
  }.freeze

  # Starting a process takes a thousand times as long as the rest.
  SLOW = { process: 100, tls: 4 }.freeze

  def initialize(kind, count)
    @kind = kind
    @count = count / SLOW.fetch(kind, 1)
  end

  # @return [Boolean] whether all stayed level
  def run
    before = measure_after((@count * WARM_UP).to_i)
    after = measure_after(@count)
    level = after[:descriptors] <= before[:descriptors] && after[:objects] <= before[:objects] * GROWTH &&
            after[:memory] <= [before[:memory] * GROWTH, before[:memory] + SLACK].max
    puts format("%-9s %7d: objects %d to %d, descriptors %d to %d, memory %d to %d KiB%s", @kind, @count,
                *%i[objects descriptors memory].flat_map { |name| [before[name], after[name]] },
                level ? "" : "   GREW")
    level
  end

  # One has ended.
  def done
    @done += 1
    return EventMachine.stop if @done == @wanted

    begin_one if @begun < @wanted
  end

  def port(handler)
    @servers[handler] ||= begin
      server = EventMachine.start_server("127.0.0.1", 0, handler)
      EventMachine.get_sockname(server).unpack1("x2n")
    end
  end

  # Of a server each of whose connections has a fiber.
  def stream_port
    @servers[EventMachine::Stream] ||= begin
      server = EventMachine.serve("127.0.0.1", 0) { |stream| stream.write(stream.readpartial(100)) }
      EventMachine.get_sockname(server).unpack1("x2n")
    end
  end

  # Plain Ruby, which waits by the loop.
  def ask_in_fiber
    socket = TCPSocket.new("127.0.0.1", port(Echo))
    socket.write("word")
    socket.read
    socket.close
    done
  end

  def closed_port = @closed_port ||= TCPServer.open("127.0.0.1", 0) { |server| server.addr[1] }

  def path
    @path ||= File.join(Dir.mktmpdir, "socket").tap { |path| EventMachine.start_unix_domain_server(path, Echo) }
  end

  private

  # A loop of its own for so many connections, after which nothing of them should be left.
  def measure_after(count)
    @begun = @done = 0
    @wanted = count
    @servers = {}
    @path = nil
    EventMachine.run { [AT_ONCE, count].min.times { begin_one } }
    3.times { GC.start }
    { objects: ObjectSpace.count_objects.then { |counts| counts[:TOTAL] - counts[:FREE] },
      descriptors: Dir.children("/proc/self/fd").size,
      memory: File.read("/proc/self/status", encoding: "UTF-8")[/VmRSS:\s+(\d+)/, 1].to_i }
  end

  def begin_one
    @begun += 1
    KINDS.fetch(@kind).call(self)
  end
end

if $PROGRAM_NAME == __FILE__
  $stdout.sync = true
  count = Integer(ENV.fetch("CONNECTIONS", "100000"))
  kinds = ARGV.empty? ? Leaks::KINDS.keys : ARGV.map(&:to_sym)
  # Each in a process of its own, so that none hides what another leaves.
  outcomes = kinds.map do |kind|
    _, status = Process.wait2(fork { exit!(Leaks.new(kind, count).run ? 0 : 1) })
    status.success?
  end
  abort unless outcomes.all?
end
