# frozen_string_literal: true

# Values that only the native library references must survive garbage collection at any allocation, and
# compaction.
RSpec.describe "Garbage collection" do
  # Each program prints "ok" when everything that it started has completed.
  traffic = {
    "sends of eight threads" => <<~RUBY,
      module Senders
        def post_init
          threads = Array.new(8) { |n| Thread.new { 2.times { |i| send_data("\#{n}\#{i},") } } }
          Thread.new { threads.each(&:join) && close_connection_after_writing }
        end
      end

      module Reader
        def receive_data(data)
          (@received ||= +"") << data
        end

        def unbind
          sent = @received.split(",")
          puts "ok" if (0..7).all? { |n| sent.index("\#{n}0") < sent.index("\#{n}1") } && sent.size == 16
          EventMachine.stop
        end
      end

      EventMachine.run do
        server = EventMachine.start_server("127.0.0.1", 0, Senders)
        port, = Socket.unpack_sockaddr_in(EventMachine.get_sockname(server))
        EventMachine.connect("127.0.0.1", port, Reader)
      end
    RUBY
    "streams" => <<~RUBY,
      EventMachine.main do
        server = EventMachine.serve("127.0.0.1", 0, high: 1000, low: 10) do |stream|
          stream.each_line { |line| stream.write(line.upcase) }
        end
        port, = Socket.unpack_sockaddr_in(EventMachine.get_sockname(server))
        EventMachine::Stream.connect("127.0.0.1", port) do |stream|
          line = "\#{'x' * 20_000}\n"
          stream.write(line)
          stream.close_write
          puts "ok" if stream.read == line.upcase
        end
      end
    RUBY
    "an echo over TCP" => <<~RUBY,
      module Echo
        def receive_data(data)
          send_data(data)
        end
      end

      class Client < EventMachine::Connection
        def initialize(messages)
          super
          @messages = messages
        end

        def connection_completed
          @received = +""
          @messages.each { |message| send_data(message.dup) }
        end

        def receive_data(data)
          @received << data
          return if @received.bytesize < @messages.sum(&:bytesize)

          puts "ok" if @received == @messages.join
          EventMachine.stop
        end
      end

      EventMachine.run do
        server = EventMachine.start_server("127.0.0.1", 0, Echo)
        port, = Socket.unpack_sockaddr_in(EventMachine.get_sockname(server))
        EventMachine.connect("127.0.0.1", port, Client, ["a" * 10, "b" * 5000, "c" * 70_000])
      end
    RUBY

    "timers" => <<~RUBY,
      fired = []
      EventMachine.run do
        5.times { |i| EventMachine.add_timer(i * 0.001) { fired << i } }
        cancelled = EventMachine::Timer.new(0.002) { fired << :cancelled }
        cancelled.cancel
        EventMachine.add_periodic_timer(0.001) do
          next unless fired.size >= 5

          puts "ok" if fired.first(5) == [0, 1, 2, 3, 4] && fired.size == 5
          EventMachine.stop
        end
      end
    RUBY

    "next_tick, schedule and defer" => <<~RUBY
      results = []
      EventMachine.run do
        EventMachine.next_tick { results << :tick }
        Thread.new { EventMachine.schedule { results << :scheduled } }
        EventMachine.defer(-> { "deferred" }, ->(value) { results << value })
        EventMachine.tick_loop do
          next unless results.size == 3

          puts "ok" if results.map(&:to_s).sort == %w[deferred scheduled tick]
          EventMachine.stop
        end
      end
    RUBY
  }

  # The library is loaded before GC.stress is set: loading it under stress is slow and proves nothing.
  setups = {
    "a collection at every allocation" => "GC.stress = true",
    "compaction at every major collection" => "GC.auto_compact = true; GC.stress = 0x01",
    "everything moved between turns" => <<~RUBY
      move = -> { GC.verify_compaction_references(toward: :empty); EventMachine.next_tick(&move) }
      EventMachine.next_tick(&move)
    RUBY
  }

  # These make too many objects for a collection at each.
  costly = ["sends of eight threads", "streams"]

  setups.each do |setup, preparation|
    traffic.each do |what, program|
      next if setup == setups.keys.first && costly.include?(what)

      it "harms nothing with #{setup}, in #{what}", time_limit: 120 do
        script = "require 'socket'\nGC.start\n#{preparation}\n#{program}"
        output, status = run_ruby(script, limit: 110)
        expect([output, status.to_s]).to match([/\Aok\n\z/, /exit 0/])
      end
    end
  end
end
