# frozen_string_literal: true

server = <<~RUBY
  module Echo
    def receive_data(data)
      send_data(data)
    end
  end

  EventMachine.run { listening(EventMachine.start_server("127.0.0.1", 0, Echo)) }
RUBY

# Of half of the timers nothing is to be left.
timers = <<~RUBY
  EventMachine.set_max_timers(300_000)
  EventMachine.next_tick do
    work = -> {}
    200_000.times do |number|
      timer = EventMachine.add_timer(3600 + number % 100, work)
      EventMachine.cancel_timer(timer) if number.odd?
    end
  end
RUBY

echo = lambda do |id, title, size, connections, operations, *more, **options|
  load = ["echo", "--size", size.to_s, "--connections", connections.to_s, *more]
  Bench.server(id, title, operations: operations, kind: "echo", load: load,
                          **{ source: server, rivals: [:c] }, **options)
end

echo.call(:echo_64_1, "echo of 64 B, 1 connection", 64, 1, 25_000)
echo.call(:echo_64, "echo of 64 B, 50 connections", 64, 50, 100_000, rivals: Bench::EVERYONE)
echo.call(:echo_64_500, "echo of 64 B, 500 connections", 64, 500, 100_000)
echo.call(:echo_64_5k, "echo of 64 B, 5,000 connections", 64, 5_000, 100_000, rivals: Bench::EVERYONE)
echo.call(:echo_64_idle, "echo of 64 B, 50 connections, 5,000 more idle", 64, 50, 100_000, "--idle", "5000")
echo.call(:echo_64_timers, "echo of 64 B, 50 connections, 100,000 timers", 64, 50, 100_000,
          source: timers + server, rivals: [])
echo.call(:echo_16k_1, "echo of 16 KiB, 1 connection", 16_384, 1, 10_000)
echo.call(:echo_16k, "echo of 16 KiB, 50 connections", 16_384, 50, 40_000, rivals: Bench::EVERYONE)
echo.call(:echo_16k_500, "echo of 16 KiB, 500 connections", 16_384, 500, 40_000)
echo.call(:echo_16k_5k, "echo of 16 KiB, 5,000 connections", 16_384, 5_000, 40_000)

# Theirs has no limits.
limited = <<~RUBY
  module Limited
    def post_init
      set_outbound_limits if respond_to?(:set_outbound_limits)
    end

    def receive_data(data)
      send_data(data)
    end
  end

  EventMachine.run { listening(EventMachine.start_server("127.0.0.1", 0, Limited)) }
RUBY

echo.call(:echo_64_limited, "echo of 64 B with set_outbound_limits, 50 connections", 64, 50, 100_000,
          source: limited, rivals: [])

# Theirs has no metrics.
measured = <<~RUBY
  EventMachine.enable_metrics if EventMachine.respond_to?(:enable_metrics)
RUBY

echo.call(:echo_64_metrics, "echo of 64 B with metrics on, 50 connections", 64, 50, 100_000,
          source: measured + server, rivals: [])

# Theirs has no fibers.
scheduled = <<~RUBY
  EventMachine.next_tick { EventMachine.fiber { nil } if EventMachine.respond_to?(:fiber) }
RUBY

echo.call(:echo_64_scheduler, "echo of 64 B with a scheduler installed, 50 connections", 64, 50, 100_000,
          source: scheduled + server, rivals: [])
