# frozen_string_literal: true

RSpec.describe EventMachine::Hook do
  let(:seen) { [] }

  # Calls each of the blocks once the loop has had nothing to do so often.
  def after_idle_turns(steps)
    idle = 0
    EventMachine.on_idle { steps[idle += 1]&.call }
  end

  it "is called at each point of the turn, in order" do
    em do
      hooks = %i[before_wait after_wait on_idle].map { |point| EventMachine.public_send(point) { seen << point } }
      timer = -> { seen << :timer << EventMachine.next_tick { seen << :tick } }
      cancel = -> { hooks.each(&:cancel) && seen << :cancelled }
      after_idle_turns(3 => -> { EventMachine.add_timer(0, &timer) }, 5 => -> { EventMachine.add_timer(0, &cancel) },
                       9 => -> { done })
    end
    compact = seen.compact.join(" ")
    expect(compact).to start_with("before_wait after_wait")
    expect(compact).to include("after_wait on_idle before_wait after_wait on_idle")
    expect(compact).to include("on_idle timer before_wait after_wait tick before_wait")
    expect(compact).to end_with("cancelled")
  end

  it "before a wait, may stop it" do
    em(2) do
      EventMachine.before_wait { EventMachine.add_timer(0) { done } }
    end
  end

  it "writes what it sends" do
    pair = UNIXSocket.pair
    em do
      connection = EventMachine.attach(pair.first)
      hook = EventMachine.before_wait { hook.cancel && connection.send_data("sent") }
      EventMachine.add_timer(0.01) { (seen << pair.last.read_nonblock(9, exception: false)) && done }
    end
    expect(seen).to eq(["sent"])
  ensure
    pair.last.close
  end

  it "is called though another raises, or not if another cancels it" do
    em do
      EventMachine.error_handler { |error| seen << error.message }
      first = EventMachine.after_wait { raise "no" }
      second = EventMachine.after_wait do
        [first, second, @third].each(&:cancel)
        seen << :second
      end
      @third = EventMachine.after_wait { seen << :third }
      EventMachine.add_timer(0.005) { done }
    end
    expect(seen).to eq([:second, "no"])
  end

  it "is called while nothing else happens, without a wait" do
    em do
      before = EventMachine.iteration
      EventMachine.on_idle { done if (seen << EventMachine.iteration).size == 100 }
      expect(EventMachine.iteration).to eq(before)
    end
    expect(seen.each_cons(2).map { |one, other| other - one }.uniq).to eq([1])
  end

  it "is waited for by a fiber" do
    in_fiber { EventMachine.on_idle.tap(&:await).cancel }
  end

  it "leaves nothing behind" do
    em do
      %i[on_idle before_wait after_wait on_fork].each { |point| EventMachine.public_send(point) { seen << point } }
      done
    end
    expect(state(:@hooks)).to be_empty
    seen.clear
    em do
      expect(EventMachine.run_machine_once(0)).to be(false)
      done
    end
    expect(seen).to be_empty
  end

  it "needs a point, and a running reactor" do
    em do
      expect { described_class.new(:lunch) }.to raise_error(ArgumentError, /lunch/)
      done
    end
    %i[on_idle before_wait after_wait on_fork].each do |point|
      expect { EventMachine.public_send(point) { nil } }.to raise_error(RuntimeError, /not initialized: #{point}/)
    end
  end

  describe "EventMachine.run_machine_once" do
    around do |example|
      EventMachine.initialize_event_machine
      example.run
    ensure
      EventMachine.release_machine
    end

    it "with a timeout, waits for that long and tells whether anything happened" do
      expect(EventMachine.run_machine_once(0)).to be(false)
      start = Process.clock_gettime(Process::CLOCK_MONOTONIC)
      expect(EventMachine.run_machine_once(0.01)).to be(false)
      expect(Process.clock_gettime(Process::CLOCK_MONOTONIC) - start).to be >= 0.01
      EventMachine.add_timer(0) { seen << :timer }
      expect(EventMachine.run_machine_once(5)).to be(true)
      expect(seen).to eq([:timer])
      EventMachine.stop
      expect(EventMachine.run_machine_once(0)).to be(false)
    end

    it "without one, tells whether the loop goes on" do
      EventMachine.add_timer(0) { seen << :timer }
      expect(EventMachine.run_machine_once).to be(true)
      EventMachine.add_timer(0) { seen << :other }
      expect(EventMachine.run_machine_once(nil)).to be(true)
      expect(seen).to eq(%i[timer other])
      EventMachine.stop
      expect(EventMachine.run_machine_once).to be(false)
    end

    it "refuses times that are none" do
      [-1, -0.5, Float::NAN].each do |timeout|
        expect { EventMachine.run_machine_once(timeout) }.to raise_error(ArgumentError, /#{timeout}/)
      end
      expect { EventMachine.run_machine_once("soon") }.to raise_error(TypeError)
    end
  end

  it "tells the time of the turn, and of now" do
    expect { EventMachine.loop_now }.to raise_error(RuntimeError, /not initialized: loop_now/)
    em do
      before = EventMachine.loop_now
      sleep 0.002
      expect(EventMachine.loop_now).to eq(before)
      expect(EventMachine.update_now).to be > before
      expect(EventMachine.loop_now).to be > before
      done
    end
  end
end
