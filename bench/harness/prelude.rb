# frozen_string_literal: true

# Loaded before a measured program: gives it the number of its operations and tells, when it ends, what CPU
# time it took.

require "eventmachine"
require "socket"

OPERATIONS = Integer(ARGV.fetch(0))

EventMachine.epoll if ARGV.fetch(1) == "epoll"
EventMachine.set_max_timers(2 * OPERATIONS + 200_000) if OPERATIONS > 50_000

# Begins to measure; what was done before does not count.
def measure_from_here
  GC.start
  $started = Process.times
  $instant = Process.clock_gettime(Process::CLOCK_MONOTONIC)
end

# Tells what a program cost.
def tell_cost(user, system)
  puts "cpu #{user} #{system}"
  puts "seconds #{Process.clock_gettime(Process::CLOCK_MONOTONIC) - $instant}"
  puts File.read("/proc/self/status", encoding: "UTF-8")[/^VmHWM:\s+(\d+)/, 1].prepend("peak ")
  $stdout.flush
end

at_exit do
  ended = Process.times
  tell_cost(ended.utime - $started.utime, ended.stime - $started.stime)
end

measure_from_here

# Tells where a server listens.
def listening(signature)
  listening_at("127.0.0.1:#{port_of(signature)}")
end

def listening_at(address)
  puts "address #{address}"
  $stdout.flush
end

# @return [Integer] the port that a server listens on
def port_of(signature)
  Socket.unpack_sockaddr_in(EventMachine.get_sockname(signature)).first
end

# @return [Integer] KiB of memory of this process
def resident
  GC.start
  File.read("/proc/self/status", encoding: "UTF-8")[/^VmRSS:\s+(\d+)/, 1].to_i
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
