# frozen_string_literal: true

# Debian's gem has no fibers: ruby-async stands in for it.
spawning = <<~RUBY
  if EventMachine.respond_to?(:fiber)
    define_method(:start) { |&block| EventMachine.fiber(&block) }
    define_method(:all_done) { |&block| EventMachine.main(&block) }
  else
    require "async"
    define_method(:start) { |&block| Async(&block) }
    define_method(:all_done) { |&block| Async(&block) }
  end
RUBY

Bench.server(:fiber_echo, "echo of 64 B by TCPSocket in fibers, 50 connections (theirs: ruby-async)",
             operations: 100_000, kind: "echo", rivals: [:threads], gems: true,
             load: %w[echo --size 64 --connections 50], source: spawning + <<~RUBY)
  server = TCPServer.new("127.0.0.1", 0)
  server.listen(1024)
  listening_at("127.0.0.1:\#{server.addr[1]}")
  all_done do
    loop do
      socket = server.accept
      start do
        loop { socket.write(socket.readpartial(65_536)) }
      rescue EOFError, SystemCallError
        socket.close
      end
    end
  end
RUBY

fibers = lambda do |id, title, operations, body|
  source = "#{spawning}all_done do\n  measure_from_here\n#{body}end\n"
  Bench.program(id, "#{title} (theirs: ruby-async)", operations: operations, gems: true, source: source)
end

# Called directly: a helper that passes the block on would cost as much as a tenth of a task.
fibers.call(:fiber_spawn, "task started and ended", 100_000, <<~RUBY)
  if EventMachine.respond_to?(:fiber)
    OPERATIONS.times { EventMachine.fiber { nil } }
  else
    OPERATIONS.times { Async { nil } }
  end
RUBY

fibers.call(:fiber_schedule, "fiber started by Fiber.schedule, and ended", 100_000, <<~RUBY)
  OPERATIONS.times { Fiber.schedule { nil } }
RUBY

fibers.call(:fiber_sleep, "sleep(0) in a fiber", 100_000, <<~RUBY)
  OPERATIONS.times { sleep(0) }
RUBY

fibers.call(:fiber_queue, "item there and back by queues, between fibers", 100_000, <<~RUBY)
  there = Thread::Queue.new
  back = Thread::Queue.new
  start { OPERATIONS.times { back << there.pop } }
  OPERATIONS.times { there << 1 and back.pop }
RUBY

# Theirs is a callback, which is what a stream is measured by.
streaming = <<~'RUBY'
  if EventMachine.respond_to?(:serve)
    EventMachine.run do
      listening(EventMachine.serve("127.0.0.1", 0) do |stream|
        loop { stream.write(stream.readpartial(65_536)) }
      end)
    end
  else
    EventMachine.run do
      listening(EventMachine.start_server("127.0.0.1", 0, Module.new { def receive_data(data) = send_data(data) }))
    end
  end
RUBY

[50, 500].each do |connections|
  title = "echo of 64 B by streams, #{connections} connections (theirs: callbacks)"
  Bench.server(:"stream_echo_#{connections}", title,
               operations: 100_000, load: %W[echo --size 64 --connections #{connections}], source: streaming)
end
