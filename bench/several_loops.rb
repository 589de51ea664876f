# frozen_string_literal: true

# What several loops in a process would be good for: see "Several loops" in docs/design.md.
#
#   ruby bench/several_loops.rb      MESSAGES=40000 ROUNDS=5

$LOAD_PATH.unshift(File.expand_path("../lib", __dir__))
require "eventmachine"

MESSAGES = Integer(ENV.fetch("MESSAGES", 40_000))
ROUNDS = Integer(ENV.fetch("ROUNDS", 5))

def seconds
  start = Process.clock_gettime(Process::CLOCK_MONOTONIC)
  yield
  Process.clock_gettime(Process::CLOCK_MONOTONIC) - start
end

# Runs a loop in a thread of its own, in which two fibers write to each other.
def exchange(messages)
  Thread.new do
    Fiber.set_scheduler(EventMachine::Scheduler.new)
    one, other = UNIXSocket.pair
    Fiber.schedule { messages.times { one.write("x") && one.readpartial(1) } }
    Fiber.schedule { messages.times { other.write(other.readpartial(1)) } }
  end
end

# The same in a process for each share.
def in_processes(count)
  count.times.map { fork { exchange(MESSAGES / count / 2).join && exit!(0) } }.each { |child| Process.wait(child) }
end

def in_threads(count)
  count.times.map { exchange(MESSAGES / count / 2) }.each(&:join)
end

# Sends 1 KB to one that sends it back, again and again; microseconds each.
def ractor
  echo = Ractor.new { loop { Ractor.yield(Ractor.receive) } }
  there_and_back { |message| echo.send(message) && echo.take }
end

def thread
  there, back = Thread::Queue.new, Thread::Queue.new
  echo = Thread.new { loop { back << there.pop } }
  there_and_back { |message| (there << message) && back.pop }.tap { echo.kill }
end

def there_and_back
  message = "x" * 1024
  count = MESSAGES / 10
  seconds { count.times { yield message } } / count * 1_000_000
end

# Prints the least and the most of some rounds.
def show(name)
  least, *, most = Array.new(ROUNDS) { yield }.sort
  puts format("%<name>-34s %<least>8.2f to %<most>.2f", name: name, least: least, most: most)
end

Warning[:experimental] = false
show("two threads, one = 1") { seconds { in_threads(2) } / seconds { in_threads(1) } }
show("two processes, one = 1") { seconds { in_processes(2) } / seconds { in_processes(1) } }
# Ruby 3.1 may crash in what is forked after the first Ractor.
show("to a Ractor and back, µs") { ractor }
show("to a thread and back, µs") { thread }
