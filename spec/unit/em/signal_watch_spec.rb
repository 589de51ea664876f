# frozen_string_literal: true

RSpec.describe EventMachine::SignalWatch do
  let!(:seen) { [] }

  def raise_signal
    Process.kill(:USR2, Process.pid)
  end

  # Runs the block with a handler of the application's, and expects it to be the handler afterwards.
  def with_handler
    handler = proc { seen << :handler }
    former = trap(:USR2, handler)
    yield
    expect(trap(:USR2, former)).to be(handler)
  end

  it "calls its block on the loop, which may do what a signal handler must not" do
    lock = Mutex.new
    em do
      EventMachine.on_signal("USR2") { |signo| lock.synchronize { seen << signo } && done }
      raise_signal
      expect(seen).to be_empty
    end
    expect(seen).to eq([Signal.list["USR2"]])
  end

  it "calls every block for a signal, whatever others raise, and restores the former handler" do
    with_handler do
      em do
        EventMachine.error_handler { |error| seen << error.message }
        first = EventMachine.on_signal(:USR2) { raise "no" }
        EventMachine.on_signal("SIGUSR2", ->(_) { seen << :second })
        EventMachine.add_timer(0) { raise_signal }
        EventMachine.add_timer(0.01) do
          first.cancel
          raise_signal
          EventMachine.add_timer(0.01) { done }
        end
      end
    end
    expect(seen).to eq(["no", :second, :second])
  end

  it "restores the former handler with the end of the last" do
    with_handler do
      em do
        watches = Array.new(2) { EventMachine.on_signal(Signal.list["USR2"]) { seen << :called } }
        watches.each { |watch| expect([watch.cancel, watch.cancel]).to eq([true, false]) }
        raise_signal
        EventMachine.add_timer(0.005) { done }
      end
    end
    expect(seen).to eq([:handler])
  end

  it "restores what was no handler of Ruby's, too" do
    former = trap(:USR2, "DEFAULT")
    ["IGNORE", nil, "DEFAULT"].each do |command|
      trap(:USR2, command)
      em { EventMachine.on_signal("USR2") && done }
      expect(trap(:USR2, former)).to eq(command)
    end
  end

  it "leaves a handler that was set meanwhile" do
    former = trap(:USR2, "DEFAULT")
    later = proc { nil }
    em do
      watch = EventMachine.on_signal("USR2")
      trap(:USR2, later)
      watch.cancel
      done
    end
    expect(trap(:USR2, former)).to be(later)
  end

  it "calls its block for each signal that the system delivers", time_limit: 20 do
    em(15) do
      EventMachine.on_signal("USR2") { done if (seen << :called).size == 10_000 }
      EventMachine.next_tick { 10_000.times { raise_signal } }
    end
    expect(seen.size).to eq(10_000)
  end

  it "is waited for by a fiber" do
    in_fiber do
      watch = EventMachine.on_signal("USR2")
      EventMachine.add_timer(0) { raise_signal }
      expect(watch.await(2)).to eq(Signal.list["USR2"])
      expect { watch.await(0.001) }.to raise_error(Timeout::Error)
      EventMachine.next_tick { watch.cancel }
      expect { watch.await }.to raise_error(EventMachine::Failed, /cancelled/)
    end
  end

  it "calls for real-time signals, by their number", if: RUBY_PLATFORM.include?("linux") do
    em do
      EventMachine.on_signal(40) { |signo| (seen << signo) && done }
      Process.kill(40, Process.pid)
    end
    expect(seen).to eq([40])
  end

  it "refuses what is no signal, and what cannot be caught" do
    em do
      [nil, 0, -1, 1.5, 32, 999, "FOO", "EXIT", "KILL", "VTALRM"].each do |signal|
        expect { EventMachine.on_signal(signal) { nil } }.to raise_error(ArgumentError, /#{signal}/)
      end
      expect(state(:@watches)).to be_empty
      done
    end
  end

  it "needs a running reactor" do
    expect { EventMachine.on_signal("USR2") { nil } }.to raise_error(RuntimeError, /not initialized/)
  end
end
