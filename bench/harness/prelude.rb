# frozen_string_literal: true

# Loaded before a measured program: gives it the number of its operations and tells, when it ends, what CPU
# time it took.

require "eventmachine"

OPERATIONS = Integer(ARGV.fetch(0))

EventMachine.epoll
EventMachine.set_max_timers(2 * OPERATIONS) if OPERATIONS > 50_000

GC.start
started = Process.times
at_exit do
  ended = Process.times
  puts "cpu #{ended.utime - started.utime} #{ended.stime - started.stime}"
end

# Tells where a server listens.
def listening(signature)
  port, = Socket.unpack_sockaddr_in(EventMachine.get_sockname(signature))
  puts "port #{port}"
  $stdout.flush
end

# Runs the block in a process of its own on the other core; what it costs does not count.
def elsewhere
  fork do
    system("taskset", "--cpu-list", "--pid", "1", Process.pid.to_s, out: File::NULL, err: File::NULL)
    yield
  ensure
    exit!
  end
end

# Reads from a server of its own to the end, elsewhere. Returns the port, and the process that ends then.
def sink
  listener = TCPServer.new("127.0.0.1", 0)
  process = elsewhere do
    source = listener.accept
    buffer = +""
    nil while source.read(1 << 20, buffer)
  end
  port = listener.addr[1]
  listener.close
  [port, process]
end
