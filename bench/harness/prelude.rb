# frozen_string_literal: true

# Loaded before a measured program: gives it the number of its operations and tells, when it ends, what CPU time it took.

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
