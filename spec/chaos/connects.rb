# frozen_string_literal: true

# Connects by name where time matters or there are very many: what `rake connects` runs. It is in a network of its
# own (see NameSpace), and says so where that is not allowed.

require_relative "answered_programs"

# The programs.
module Connects
  # A listener whose backlog is full, so that it answers nobody; the lag of the loop.
  HELPERS = <<~RUBY
    def clock = Process.clock_gettime(Process::CLOCK_MONOTONIC)

    def black_hole(host, port = 0)
      listener = Addrinfo.tcp(host, port).listen(0)
      [listener, listener.local_address.connect]
    end

    # The longest time between two turns of the loop, which has a timer each millisecond.
    def measure_lag
      last, worst = clock, 0
      EventMachine.add_periodic_timer(0.001) do
        now = clock
        worst, last = [worst, now - last - 0.001].max, now
      end
      -> { worst }
    end

    EventMachine.name_resolution = :threads
  RUBY

  PROGRAMS = {
    "a name whose first address is a black hole is connected to after 250 ± 30 ms" => <<~RUBY,
      addresses["two.example"] = ["127.0.0.2", "127.0.0.1"]
      EventMachine.run do
        EventMachine.resolve("two.example").callback do |first, second|
          hole = black_hole(first)
          port = hole.first.local_address.ip_port
          EventMachine.start_server(second, port)
          start = clock
          EventMachine.connect("two.example", port, Module.new do
            define_method(:connection_completed) do
              took = clock - start
              puts(took.between?(0.22, 0.28) ? "ok" : "after \#{took} s, by \#{remote_address.ip_address}")
              exit!
            end
          end)
        end
      end
    RUBY
    "the loop lags by less than 20 ms while a name server is silent for 2 s" => <<~RUBY,
      addresses["mute.example"] = :mute
      EventMachine.run do
        lag = measure_lag
        EventMachine.connect("mute.example", 80)
        EventMachine.add_timer(2) { puts(lag.call < 0.02 ? "ok" : "it lagged by \#{lag.call} s") || exit! }
      end
    RUBY
    "10,000 connects by name are in flight at a time" => <<~RUBY
      count = 10_000
      EventMachine.set_descriptor_table_size(count + 500)
      count.times { |number| addresses["host\#{number}.example"] = ["127.0.0.1"] }
      reasons = Hash.new(0)
      handler = Module.new do
        define_method(:unbind) do |reason|
          reasons[reason] += 1
          EventMachine.stop if reasons.values.sum == count
        end
      end
      EventMachine.run do
        count.times do |number|
          EventMachine.connect("host\#{number}.example", 1, handler) { |it| it.pending_connect_timeout = 300 }
        end
        puts "only \#{EventMachine.connection_count} at a time" if EventMachine.connection_count < count
      end
      name = ->(path) { IO.read(path, encoding: "UTF-8") rescue "" }
      resolving = -> { Dir["/proc/self/task/*/comm"].count { |path| name.call(path) == "em-resolver\n" } }
      give_up = clock + 5
      sleep(0.01) while resolving.call.positive? && clock < give_up
      puts "\#{resolving.call} threads are left" if resolving.call.positive?
      puts(reasons == { Errno::ECONNREFUSED => count } ? "ok" : reasons)
      exit!
    RUBY
  }.freeze
end

AnsweredPrograms.new(Connects::HELPERS, Connects::PROGRAMS, 120).run
