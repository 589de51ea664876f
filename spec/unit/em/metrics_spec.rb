# frozen_string_literal: true

require "json"

RSpec.describe EventMachine::Metrics do
  include PeerHelper

  before { EventMachine.reset_metrics }
  after { EventMachine.disable_metrics }

  def metrics
    EventMachine.metrics
  end

  echo = Module.new { define_method(:receive_data) { |data| send_data(data) } }

  # Sends something to a server and calls the block with the client when it has come back.
  def exchange(port, data = "x" * 1000, &done)
    EventMachine.connect("127.0.0.1", port, Class.new(EventMachine::Connection) do
      define_method(:connection_completed) { send_data(data) }
      define_method(:receive_data) { |some| done.call(self) if (@size = (@size || 0) + some.bytesize) == data.bytesize }
    end)
  end

  it "is frozen, and zero before a loop has run" do
    expect(metrics).to be_frozen.and have_attributes(enabled?: false, turns: 0, events: 0, callbacks: {}, servers: 0)
    expect(metrics.lag).to have_attributes(count: 0, mean: 0.0, p50: 0.0, p99: 0.0, max: 0.0)
    expect([metrics.load, metrics.busy, metrics.idle]).to eq([0.0, 0.0, 0.0])
    expect(metrics.connections.values.sum).to eq(0)
  end

  it "counts turns, callbacks by kind, bytes and time while it is on" do
    EventMachine.enable_metrics
    em do
      EventMachine.next_tick { nil }
      EventMachine.add_timer(0) { EventMachine.defer(-> {}, ->(_) { exchange(serve(echo)) { done } }) }
    end
    calls = metrics.callbacks.transform_values(&:calls)
    expect(calls).to include(timer: 2, next_tick: 1, defer: 1, accept: 1, connection_completed: 1, unbind: 2)
    expect(calls[:receive_data]).to be >= 2
    expect(metrics.events).to eq(calls.values.sum)
    expect(metrics).to have_attributes(enabled?: true, bytes_read: 2000, bytes_written: 2000)
    expect(metrics.turns).to be >= 4
    expect(metrics.lag.count).to eq(metrics.turns)
    expect(metrics.busy).to be >= metrics.callbacks.values.sum(&:seconds)
  end

  it "counts the unbinds at the end of the loop as work" do
    EventMachine.enable_metrics
    em { EventMachine.attach(kept(UNIXSocket.pair).first, Module.new { def unbind(*) = sleep(0.02) }) && done }
    expect(metrics.callbacks.fetch(:unbind)).to have_attributes(calls: 1, seconds: be >= 0.02)
    expect(metrics.busy).to be >= metrics.callbacks.values.sum(&:seconds)
  end

  it "counts nothing unless it is on, and keeps what was counted" do
    em { done }
    expect(metrics.turns).to eq(0)
    EventMachine.enable_metrics
    em { EventMachine.next_tick { done } }
    turns = metrics.turns
    expect(turns).to be_positive
    EventMachine.disable_metrics
    em { EventMachine.next_tick { done } }
    expect(metrics).to have_attributes(turns: turns, enabled?: false)
    EventMachine.enable_metrics
    expect(metrics.turns).to eq(0)
  end

  it "goes on through all loops, until it is reset" do
    EventMachine.enable_metrics
    2.times { em { EventMachine.next_tick { done } } }
    expect(metrics.callbacks[:next_tick].calls).to eq(2)
    EventMachine.enable_metrics(slow: 1)
    expect(metrics.callbacks[:next_tick].calls).to eq(2)
    EventMachine.reset_metrics
    expect(metrics).to have_attributes(events: 0, turns: 0, bytes_read: 0, slow_threshold: 1)
  end

  it "counts connections by kind, servers, timers and tasks, on or not" do
    pair = UNIXSocket.pair
    reader, writer = IO.pipe
    seen = nil
    em do
      port = serve(echo)
      EventMachine.attach(pair.first)
      EventMachine.watch(reader) { nil }
      EventMachine.open_datagram_socket("127.0.0.1", 0)
      EventMachine.popen("cat")
      EventMachine.watch_process(Process.pid)
      EventMachine.watch_file(__FILE__)
      EventMachine.fiber { sleep }
      EventMachine.add_timer(60) { nil }
      exchange(port) do
        EventMachine.connect("127.0.0.1", port)
        (seen = metrics) && done
      end
    end
    expect(seen.connections).to eq(accepted: 1, connecting: 1, connected: 1, attached: 1, child: 1, datagram: 1,
                                   watch: 1, process: 1, file: 1)
    # The timers of the example are its limit and the one above.
    expect(seen).to have_attributes(servers: 1, timers: 2, tasks: 1)
    expect(metrics).to have_attributes(servers: 0, timers: 0, tasks: 0)
  ensure
    [*pair, reader, writer].each { |io| io.close unless io.closed? }
  end

  %i[detach close_connection].each do |ending|
    it "counts a connection until its unbind has been called, after #{ending} too" do
      counts = []
      note = -> { counts << [metrics.connections[:accepted], EventMachine.connection_count] }
      em do
        port = serve(Module.new do
          define_method(:receive_data) do |_|
            @left = public_send(ending)
            note.call
          end
          define_method(:unbind) do
            note.call
            EventMachine.next_tick { note.call && EventMachine.stop }
            IO.for_fd(@left).close if ending == :detach
          end
        end)
        EventMachine.connect("127.0.0.1", port) { |client| client.send_data("x") }
      end
      expect(counts.map(&:first)).to eq([1, 1, 0])
      expect(counts.map(&:last).first(2)).to eq([3, 3])
    end
  end

  it "says what waits to be written" do
    em do
      EventMachine.connect("127.0.0.1", serve, Class.new(EventMachine::Connection) do
        define_method(:connection_completed) do
          pause
          send_data("x" * 1234)
          raise "#{EventMachine.metrics.bytes_queued} bytes" unless EventMachine.metrics.bytes_queued == 1234

          EventMachine.stop
        end
      end)
    end
  end

  it "has the load and the lag of a loop that works, and one that waits" do
    EventMachine.enable_metrics
    em { EventMachine.add_timer(0.05) { done } }
    waited = metrics
    EventMachine.reset_metrics
    em { EventMachine.next_tick { sleep(0.05) && EventMachine.next_tick { (@worked = metrics) && done } } }
    expect(waited.idle).to be > 0.04
    expect(@worked.busy).to be > 0.05
    expect(@worked.lag.max).to be > 0.05
    expect(@worked.load).to be > 0.5
    expect(metrics.load).to eq(0.0)
  end

  it "counts the fibers that run" do
    EventMachine.enable_metrics
    em { EventMachine.fiber { 3.times { sleep(0) } && done } }
    expect(metrics.callbacks[:fiber].calls).to be_between(3, 4)
  end

  it "tells slow callbacks by kind and name" do
    slow = stub_const("Slow", Class.new(EventMachine::Connection) { define_method(:post_init) { sleep(0.02) } })
    EventMachine.enable_metrics(slow: 0.02)
    em do
      EventMachine.next_tick { sleep(0.02) }
      port = serve(slow)
      exchange(port) { nil }
      EventMachine.add_timer(0.1) { done }
    end
    accepted = metrics.slow.find { |one| one.kind == :accept }
    expect(accepted).to be_frozen.and have_attributes(name: "Slow", calls: 1, longest: a_value >= 0.02)
    ticks = metrics.slow.find { |one| one.kind == :next_tick }
    expect(ticks.name).to eq("#{__FILE__}:#{__LINE__ - 8}")
    expect(metrics.slow.map(&:seconds)).to eq(metrics.slow.map(&:seconds).sort.reverse)
  end

  it "has one entry for names beyond the hundredth" do
    EventMachine.enable_metrics(slow: 0)
    em do
      150.times { |number| EventMachine.fiber("task #{number}") { sleep(0) } }
      EventMachine.add_timer(0.01) { done }
    end
    expect(metrics.slow.size).to be <= 110
    expect(metrics.slow.find { |one| one.kind == :fiber && one.name == "others" }.calls).to be >= 40
  end

  it "can be asked for, switched on and off in callbacks and other threads" do
    em do
      thread = Thread.new do
        EventMachine.enable_metrics
        20.times { Thread.pass && metrics }
        EventMachine.stop
      end
      EventMachine.add_periodic_timer(0) { metrics }
      thread.join(0.001)
    end
    expect(metrics.turns).to be_positive
    em do
      EventMachine.disable_metrics
      EventMachine.enable_metrics
      EventMachine.next_tick { done }
    end
    expect(metrics.turns).to be_between(1, 3)
  end

  it "counts in a thread's sleep that the loop waits" do
    EventMachine.enable_metrics
    idle = nil
    em do
      Thread.new do
        sleep(0.01) until metrics.idle > 0.02
        idle = metrics.idle
        done
      end
    end
    expect(idle).to be > 0.02
  end

  it "begins at zero in a forked child, and counts there" do
    output, = run_ruby(<<~RUBY)
      EM.enable_metrics
      EM.run do
        EM.next_tick do
          child = fork do
            before = EM.metrics.events
            EM.run { EM.next_tick { EM.stop } }
            puts [before, EM.metrics.callbacks[:next_tick].calls, EM.metrics.connections.values.sum].inspect
          end
          Process.wait(child)
          EM.stop
        end
      end
      puts EM.metrics.callbacks[:next_tick].calls
    RUBY
    expect(output).to eq("[0, 1, 0]\n1\n")
  end

  it "counts callbacks that raise" do
    EventMachine.enable_metrics
    expect { em { raise "no" } }.to raise_error("no")
    expect(metrics.callbacks[:timer].calls).to eq(1)
    em do
      EventMachine.error_handler { done }
      EventMachine.next_tick { raise "no" }
    end
    expect(metrics.callbacks[:next_tick].calls).to eq(1)
  end

  it "is a hash that JSON can have" do
    EventMachine.enable_metrics
    em { EventMachine.next_tick { done } }
    parsed = JSON.parse(JSON.generate(metrics.to_h))
    expect(parsed).to include("turns" => metrics.turns, "lag" => a_hash_including("p99"), "slow_threshold" => 0.1)
    expect(parsed["callbacks"]["next_tick"]).to include("calls" => 1)
  end

  it "refuses thresholds that are none" do
    expect { EventMachine.enable_metrics(slow: -1) }.to raise_error(ArgumentError, /-1/)
    expect { EventMachine.enable_metrics(slow: "1") }.to raise_error(TypeError, /"1"/)
    expect { EventMachine.enable_metrics(slow: Float::NAN) }.to raise_error(ArgumentError, /NaN/)
    expect(EventMachine).not_to be_metrics_enabled
  end

  describe EventMachine::Metrics::Lag do
    let(:lag) { described_class.new([[0.001, 50], [0.002, 49], [0.004, 0], [Float::INFINITY, 1]], 0.2, 0.1) }

    it "has percentiles, which are not above the longest" do
      expect([0, 50, 90, 99, 100].map { |share| lag.percentile(share) }).to eq([0.001, 0.001, 0.002, 0.002, 0.1])
      expect([lag.p50, lag.p90, lag.p99]).to eq([0.001, 0.002, 0.002])
      expect(lag).to have_attributes(count: 100, mean: 0.002, max: 0.1)
      expect { lag.percentile(101) }.to raise_error(ArgumentError, /101/)
    end
  end
end
