# frozen_string_literal: true

RSpec.describe "EventMachine.on_slow" do
  include PeerHelper

  let(:reports) { [] }

  after { EventMachine.__send__(:slow_watches).each(&:cancel) }

  # A handler whose methods are slow.
  slow = Class.new(EventMachine::Connection) do
    %i[post_init connection_completed receive_data notify_readable unbind].each do |name|
      define_method(name) { |*| sleep(0.01) }
    end
    define_method(:receive_eof) { sleep(0.01) && close_connection }
    define_singleton_method(:name) { "Slow" }
  end

  def watch(threshold = 0.01)
    EventMachine.on_slow(threshold) { |report| reports << report }
  end

  # On a busy machine anything may be slow.
  def kinds
    reports.map(&:kind)
  end

  def of_connections
    reports.select { |report| report.object.is_a?(EventMachine::Connection) }
  end

  it "reports what took so long, and nothing else" do
    watch
    never = EventMachine.on_slow(60) { |report| raise report.to_s }
    em do
      EventMachine.next_tick { nil }
      EventMachine.add_timer(0.001) { sleep(0.01) && done }
    end
    expect(never).to be_active
    report = reports.find { |one| one.location == "#{__FILE__}:#{__LINE__ - 3}" }
    expect(report).to be_frozen.and have_attributes(kind: :timer, object: a_kind_of(Proc), seconds: a_value >= 0.01)
    expect(report.to_s).to match(/\Atimer of .*slow_callbacks_spec.rb:\d+ took \d+ ms\z/)
  end

  it "reports every callback of a connection, by its object" do
    watch
    em do
      port = serve(slow)
      peer = TCPSocket.new("127.0.0.1", port)
      peer.write("x")
      peer.close
      EventMachine.add_periodic_timer(0.005) { done if kinds.include?(:unbind) }
    end
    expect(of_connections.map(&:kind)).to eq(%i[accept receive_data receive_eof unbind])
    expect(of_connections.map(&:name).uniq).to eq(["Slow"])
    expect(of_connections.map(&:object).uniq).to contain_exactly(a_kind_of(slow))
    expect(of_connections.last.to_s).to match(/\Aunbind of Slow took \d+ ms \(.*:13\)\z/)
  end

  it "reports clients, watched descriptors and connections that the loop's end closes" do
    reader, writer = IO.pipe
    writer.write("x")
    watch
    em do
      EventMachine.watch(reader, slow) { |watched| watched.notify_readable = true }
      EventMachine.connect("127.0.0.1", serve, slow)
      EventMachine.add_periodic_timer(0) do
        done if (%i[notify_readable connection_completed] - kinds).empty?
      end
    end
    expect(kinds).to include(:notify_readable, :connection_completed)
    expect(of_connections.map(&:kind).count(:unbind)).to be >= 2
  ensure
    [reader, writer].each { |io| io.close unless io.closed? }
  end

  it "reports ticks one by one, results of deferred work, hooks and periodic timers" do
    watch
    em do
      EventMachine.next_tick { nil }
      EventMachine.next_tick { sleep(0.01) }
      EventMachine.next_tick { nil }
      EventMachine.defer(-> {}, ->(_) { sleep(0.01) })
      hook = EventMachine.before_wait { sleep(0.01) && hook.cancel }
      EventMachine.add_periodic_timer(0.001) { sleep(0.01) }
      EventMachine.add_periodic_timer(0.01) { done if (%i[next_tick defer before_wait timer] - kinds).empty? }
    end
    expect(reports.select { |report| report.kind == :next_tick }.map(&:location))
      .to include("#{__FILE__}:#{__LINE__ - 8}")
    periodic = reports.find { |report| report.object.is_a?(EventMachine::PeriodicTimer) }
    expect(periodic.location).to eq("#{__FILE__}:#{__LINE__ - 6}")
    expect(reports.find { |report| report.kind == :before_wait }).to have_attributes(object: nil, name: "loop")
  end

  it "reports tasks, also one that has ended, and one that an Enumerator waits in" do
    watch
    em do
      EventMachine.fiber("sleepy") do
        sleep(0)
        blocked = Process.clock_gettime(Process::CLOCK_MONOTONIC) + 0.012
        nil while Process.clock_gettime(Process::CLOCK_MONOTONIC) < blocked
      end
      EventMachine.add_periodic_timer(0.005) { done if kinds.include?(:fiber) }
    end
    report = reports.find { |one| one.kind == :fiber }
    expect(report).to have_attributes(name: "sleepy", object: a_kind_of(EventMachine::Task))
    expect(report.location).to eq("#{__FILE__}:#{__LINE__ - 9}")
  end

  it "reports what raised, and lets that go on" do
    watch
    seen = []
    em do
      EventMachine.error_handler { |error| seen << error.message }
      EventMachine.add_timer(0) { sleep(0.01) && raise("no") }
      EventMachine.next_tick { sleep(0.01) && raise("nor this") }
      EventMachine.add_periodic_timer(0.005) { done if seen.size == 2 }
    end
    expect(seen).to contain_exactly("no", "nor this")
    expect(kinds).to include(:timer, :next_tick)
    EventMachine.error_handler
    expect { em { EventMachine.next_tick { sleep(0.01) && raise("out") } } }.to raise_error("out")
    expect(catch(:out) { em { EventMachine.next_tick { sleep(0.01) && throw(:out, 1) } } }).to eq(1)
    expect(catch(:out) { em { EventMachine.add_timer(0) { sleep(0.01) && throw(:out, 2) } } }).to eq(2)
  end

  it "has its own exceptions go where those of callbacks go, and tells the others" do
    EventMachine.on_slow(0.01) { raise "of the block" }
    watch
    seen = []
    em do
      EventMachine.error_handler { |error| (seen << error.message) && done }
      EventMachine.next_tick { sleep(0.01) }
    end
    expect(seen.uniq).to eq(["of the block"])
    expect(kinds).to include(:next_tick)
    EventMachine.error_handler
    expect { em { EventMachine.add_timer(0) { sleep(0.01) } } }.to raise_error("of the block")
  end

  it "tells each by its own threshold, until it is cancelled" do
    low = watch(0.005)
    high = EventMachine.on_slow(60, ->(report) { raise report.to_s })
    expect([low.threshold, high.threshold]).to eq([0.005, 60])
    em { EventMachine.next_tick { sleep(0.01) && EventMachine.next_tick { done } } }
    expect(kinds).to include(:next_tick)
    expect([low.active?, low.cancel, low.cancel, low.active?]).to eq([true, true, false, false])
    reports.clear
    em { EventMachine.next_tick { sleep(0.01) && done } }
    expect([reports, high.active?]).to eq([[], true])
  end

  it "may be cancelled by its own block, and by another thread" do
    once = EventMachine.on_slow(0) { |report| (reports << report) && once.cancel }
    em { 3.times { EventMachine.next_tick { nil } } && EventMachine.add_timer(0.001) { done } }
    expect(reports.size).to eq(1)
    other = watch(0)
    em { EventMachine.defer(-> { other.cancel }, ->(_) { reports.clear && EventMachine.add_timer(0) { done } }) }
    expect(kinds - %i[defer]).to be_empty
  end

  it "counts nothing" do
    EventMachine.reset_metrics
    watch(0)
    em { EventMachine.next_tick { done } }
    expect(kinds).to include(:next_tick)
    expect(EventMachine.metrics).to have_attributes(turns: 0, events: 0, slow: [])
  end

  it "stays in a forked child" do
    # The block of run is a timer, and is slow, too, where the machine is busy.
    output, = run_ruby(<<~'RUBY')
      slow = proc { sleep 0.01; EM.stop }
      EM.on_slow(0.01) { |report| $stdout.syswrite("#{report.kind} ") if report.object.equal?(slow) }
      EM.run { EM.next_tick(slow) }
      Process.wait(fork { EM.run { sleep 0.01; EM.add_timer(0, slow) } })
    RUBY
    expect(output).to eq("next_tick timer ")
  end

  it "refuses what cannot be called, and thresholds that are none" do
    expect { EventMachine.on_slow }.to raise_error(ArgumentError, /block/)
    expect { EventMachine.on_slow(-0.1) { nil } }.to raise_error(ArgumentError, /-0.1/)
    expect { EventMachine.on_slow("1") { nil } }.to raise_error(TypeError, /"1"/)
    expect { EventMachine.on_slow(Float::NAN) { nil } }.to raise_error(ArgumentError, /NaN/)
  end

  it "names handlers that are modules by these, and others as they can be" do
    handler = stub_const("Handler", Module.new)
    connection = EventMachine.klass_from_handler(EventMachine::Connection, handler).allocate
    report = ->(object, kind = :timer) { EventMachine::SlowReport.new(kind, object, 1.5) }
    expect(report[connection, :receive_data].name).to eq("Handler")
    expect(report[Class.new(EventMachine::Connection).allocate, :unbind].name).to eq("EventMachine::Connection")
    expect(report[method(:watch)].name).to match(/slow_callbacks_spec.rb:\d+\z/)
    callable = Class.new { def call; end }.new
    expect(report[callable].location).to eq("#{__FILE__}:#{__LINE__ - 1}")
    expect(report[nil].to_s).to eq("timer of loop took 1500 ms")
    expect(report[puts = $stdout.method(:puts)].name).to eq(puts.class.name)
  end
end
