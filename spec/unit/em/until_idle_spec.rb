# frozen_string_literal: true

RSpec.describe EventMachine, ".run(until_idle: true)" do
  let(:seen) { [] }

  # Runs until nothing is left, within a time limit that is not waited for.
  def until_idle(limit = ReactorHelper::LIMIT)
    described_class.run(until_idle: true) do
      expired = proc { raise ReactorHelper::Expired, "the reactor did not end within #{limit} s" }
      described_class.unref(described_class.add_timer(limit, expired))
      yield
    end
  end

  # Something that calls the block later.
  things = {
    "a timer" => ->(&done) { EventMachine.add_timer(0.01, &done) },
    "a timer of none" => ->(&done) { EventMachine.add_timer(0, &done) },
    "a tick" => ->(&done) { EventMachine.next_tick(&done) },
    "a tick of a tick" => ->(&done) { EventMachine.next_tick { EventMachine.next_tick(&done) } },
    "a periodic timer" => lambda do |&done|
      timer = EventMachine.add_periodic_timer(0.005) { timer.cancel && done.call }
    end,
    "work in another thread" => ->(&done) { EventMachine.defer(-> { sleep 0.01 }, ->(_) { done.call }) },
    "work without a callback" => ->(&done) { EventMachine.defer { sleep(0.01) && done.call } },
    "a fiber" => ->(&done) { EventMachine.fiber { sleep(0.01) && done.call } },
    "a fiber that others run" => lambda do |&done|
      EventMachine.fiber { Fiber.schedule { sleep(0.01) && done.call } }
    end,
    "a name" => ->(&done) { EventMachine.resolve("localhost").callback { done.call } },
    "a time" => ->(&done) { EventMachine.at(Time.now + 0.01) { done.call } },
    "a child process" => ->(&done) { EventMachine.spawn("true") { done.call } },
    "a child with output" => ->(&done) { EventMachine.system("true") { done.call } },
    "a descriptor" => ->(&done) { EventMachine.wait_readable(IO.pipe.first, 0.01) { done.call } },
    "an idle hook" => ->(&done) { hook = EventMachine.on_idle { hook.cancel && done.call } },
    "a signal" => lambda do |&done|
      watch = EventMachine.on_signal("USR1") { watch.cancel && done.call }
      Process.kill("USR1", Process.pid)
    end,
    "a connection and a server" => lambda do |&done|
      server = EventMachine.start_server("127.0.0.1", 0) { |peer| peer.close_connection }
      port = EventMachine.get_sockname(server).unpack1("x2n")
      ended = Module.new { define_method(:unbind) { |*| [EventMachine.stop_server(server), done.call] } }
      EventMachine.connect("127.0.0.1", port, ended)
    end
  }
  things.each do |name, start|
    it "waits for #{name}" do
      until_idle { start.call { seen << :done } }
      expect(seen).to eq([:done])
    end
  end

  it "ends at once where there is nothing, with its tail and its hooks" do
    tail = -> { seen << :tail }
    described_class.run(-> { described_class.add_shutdown_hook { seen << :hook } }, tail, until_idle: true)
    expect(seen).to eq(%i[hook tail])
    expect(described_class).not_to be_reactor_running
  end

  # Something that would go on for ever.
  endless = {
    "servers" => -> { EventMachine.start_server("127.0.0.1", 0) },
    "connections" => -> { EventMachine.attach(kept(UNIXSocket.pair).first) },
    "timers" => -> { EventMachine::Timer.new(3600) { nil } },
    "signatures of timers" => -> { EventMachine.add_timer(3600) { nil } },
    "periodic timers" => -> { EventMachine.add_periodic_timer(0.001) { nil } },
    "tasks" => -> { EventMachine.fiber { sleep } },
    "tasks within others" => -> { EventMachine.fiber { Fiber.new(blocking: false) { sleep }.resume } },
    "times" => -> { EventMachine.every(3600) { nil } },
    "signals" => -> { EventMachine.on_signal("USR1") },
    "directories" => -> { EventMachine.watch_directory(__dir__) },
    "files" => -> { EventMachine.watch_file(__FILE__) },
    "processes" => -> { EventMachine.watch_process(Process.pid) },
    "children" => -> { EventMachine.watch_child(Process.pid) },
    "descriptors" => -> { EventMachine.wait_readable(kept(IO.pipe).first, 3600) },
    "hooks" => -> { EventMachine.on_fork { nil } }
  }
  endless.each do |name, start|
    it "waits no longer for #{name} that are not to be waited for" do
      until_idle do
        thing = instance_exec(&start)
        expect(described_class.unref(thing)).to equal(thing)
        described_class.add_timer(0.005) { seen << :timer }
      end
      expect(seen).to eq([:timer])
    end
  end

  it "waits again for what it is to wait for again" do
    until_idle do
      timer = described_class.unref(described_class::Timer.new(0.02) { seen << :fired })
      described_class.next_tick { expect(described_class.ref(timer)).to equal(timer) }
    end
    expect(seen).to eq([:fired])
  end

  it "is told by other threads what to wait for" do
    until_idle do
      server = described_class.start_server("127.0.0.1", 0)
      Thread.new { described_class.unref(server) }
    end
    expect(described_class).not_to be_reactor_running
  end

  it "goes on with a connection that is made again" do
    until_idle do
      server = described_class.unref(described_class.start_server("127.0.0.1", 0))
      port = described_class.get_sockname(server).unpack1("x2n")
      again = Module.new do
        define_method(:connection_completed) { close_connection }
        define_method(:unbind) { |*| port && reconnect("127.0.0.1", port.tap { port = nil }) }
      end
      described_class.connect("127.0.0.1", port, again)
    end
    expect(described_class).not_to be_reactor_running
  end

  it "keeps nothing of what has ended" do
    until_idle do
      kept = state(:@until_idle).instance_variable_get(:@unreferenced)
      500.times { described_class.cancel_timer(described_class.unref(described_class.add_timer(1) { nil })) }
      500.times { described_class.unref(described_class.fiber { nil }) }
      expect(kept.size).to be < 200
    end
    expect(state(:@until_idle)).to be_nil
    expect(state(:@hooks)).to be_empty
  end

  it "ends like any other where it is stopped, or a callback raises" do
    until_idle { described_class.add_timer(3600) { nil } && done }
    expect { until_idle { raise "no" } }.to raise_error(RuntimeError, "no")
    em { described_class.run(until_idle: true) { described_class.add_timer(0.01) { done } } }
  end

  it "does not end other loops" do
    em do
      described_class.unref(described_class.add_timer(0) { nil })
      ticks = 0
      described_class.tick_loop { (ticks += 1) < 10 ? nil : (done && :stop) }
    end
  end

  it "refuses what no loop waits for" do
    em do
      [nil, "server", Object.new, described_class].each do |other|
        expect { described_class.unref(other) }.to raise_error(TypeError, /#{Regexp.escape(other.inspect)}/)
        expect { described_class.ref(other) }.to raise_error(TypeError, /nothing that a loop waits for/)
      end
      done
    end
    %i[unref ref].each do |name|
      expect { described_class.public_send(name, 1) }
        .to raise_error(RuntimeError, "eventmachine not initialized: #{name}: call it within EventMachine.run")
    end
  end
end
