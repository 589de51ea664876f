# frozen_string_literal: true

RSpec.describe EventMachine::WallTimer do
  let(:seen) { [] }

  # Sets the clock, as this process sees it, and has the system say so.
  def set_clock(seconds)
    actual = Time.method(:now).unbind
    allow(Time).to receive(:now) { actual.bind_call(Time) + seconds }
    clock = state(:@wall_timers).instance_variable_get(:@clock)
    allow(clock.instance_variable_get(:@io)).to receive(:read_nonblock).and_raise(Errno::ECANCELED)
    clock.__send__(:tell)
  end

  def nothing_left
    expect(state(:@watches)).to be_empty
    expect(state(:@wall_timers)&.instance_variable_get(:@clock)).to be_nil
  end

  it "calls its block with the time that it was due, and not before" do
    time = Time.now + 0.02
    em do
      described_class.new(time) { |due| (seen << due << Time.now) && done }
    end
    expect(seen.first).to eq(time)
    expect(seen.last).to be >= time
  end

  it "calls at once when the time has passed, in the order of the times" do
    em do
      EventMachine.at(Time.at(2)) { seen << 2 }
      EventMachine.at(Time.at(-1), ->(due) { seen << due.to_i })
      EventMachine.at(Time.at(1)) { seen << 1 }
      EventMachine.at(Time.now + 0.01) { done }
      expect(seen).to be_empty
    end
    expect(seen).to eq([-1, 1, 2])
  end

  it "keeps nothing waiting when its block asks for a time that has passed" do
    em do
      again = proc { EventMachine.at(Time.at(0), &again) && seen << :at }
      again.call
      EventMachine.add_timer(0) { done }
    end
    expect(seen).to all(be(:at))
  end

  it "waits for any time to come, however far" do
    em do
      far = [Time.at(2**70), Time.at(2**33)].map { |time| EventMachine.at(time) { seen << :far } }
      far << EventMachine.every(1e300) { seen << :far }
      EventMachine.at(Time.now) { seen << :called }
      EventMachine.at(Time.now + 0.005) { far.each(&:cancel) && nothing_left && done }
    end
    expect(seen).to eq([:called])
  end

  it "can be cancelled, so that nothing is left of it" do
    em do
      timers = Array.new(50) { |n| EventMachine.at(Time.now + n % 7) { seen << n } }
      expect(EventMachine.connection_count).to eq(1)
      timers.shuffle.each { |timer| expect([timer.cancel, timer.cancel, timer.active?]).to eq([true, false, false]) }
      nothing_left
      done
    end
    expect(seen).to be_empty
  end

  it "leaves nothing when it has called, or when the loop ends" do
    em do
      EventMachine.at(Time.now) { seen << :called }
      EventMachine.add_timer(0.01) { nothing_left && done }
    end
    timer = nil
    em { (timer = EventMachine.at(Time.now + 60) { seen << :late }) && done }
    expect(timer).not_to be_active
    expect(state(:@watches)).to be_empty
    expect(seen).to eq([:called])
  end

  it "may be made and cancelled in another thread" do
    em do
      Thread.new do
        EventMachine.at(Time.now + 60) { nil }.cancel
        EventMachine.at(Time.now) { (seen << EventMachine.reactor_thread?) && done }
      end
    end
    expect(seen).to eq([true])
  end

  it "is waited for by a fiber, before and after it has come" do
    in_fiber do
      timer = EventMachine.at(Time.now + 0.005)
      expect(timer.await).to eq(timer.due)
      expect(timer.await).to eq(timer.due)
      late = EventMachine.at(Time.now + 60)
      expect { late.await(0.001) }.to raise_error(Timeout::Error)
      EventMachine.next_tick { late.cancel }
      2.times { expect { late.await }.to raise_error(EventMachine::Failed, /cancelled/) }
    end
  end

  it "needs a running reactor" do
    expect { EventMachine.at(Time.now) { nil } }.to raise_error(RuntimeError, /not initialized/)
  end

  it "refuses what is neither a time nor a schedule" do
    em do
      expect { EventMachine.at(5) { nil } }.to raise_error(TypeError, /5/)
      expect { described_class.new("noon") { nil } }.to raise_error(TypeError, /noon/)
      expect { described_class.new(->(_) { 5 }) { nil } }.to raise_error(TypeError, /5/)
      expect { described_class.new(->(now) { now - 1 }) { nil } }.to raise_error(ArgumentError, /not after/)
      nothing_left
      done
    end
  end

  describe "with a schedule" do
    it "calls at each of its times, and ends with nil" do
      times = [0.002, 0.004, 0.02].map { |delay| Time.now + delay }
      em do
        described_class.new(->(now) { times.find { |time| time > now } }) { |due| seen << due }
        described_class.new(->(_) {}) { seen << :never }
        EventMachine.add_timer(0.05) { nothing_left && done }
      end
      expect(seen - times).to be_empty
      expect(seen.last).to eq(times.last)
    end

    it "goes on when its block raises, and ends when the schedule does" do
      em do
        EventMachine.error_handler { |error| seen << error.message }
        schedule = ->(now) { seen.size < 2 ? now + 0.001 : raise("no time") }
        described_class.new(schedule) { raise "no" }
        EventMachine.add_timer(0.05) { nothing_left && done }
      end
      expect(seen).to eq(["no", "no", "no time"])
    end

    it "calls the others when one raises" do
      em do
        EventMachine.error_handler { |error| seen << error.message }
        time = Time.now
        described_class.new(time) { raise "no" }
        described_class.new(time) { (seen << :other) && done }
      end
      expect(seen).to eq(["no", :other])
    end

    it "can be cancelled in its block" do
      em do
        timer = EventMachine.every(0.001) { seen << timer.cancel }
        EventMachine.add_timer(0.01) { nothing_left && done }
      end
      expect(seen).to eq([true])
    end
  end

  describe "EventMachine.every" do
    it "calls at multiples of the interval, and skips those that were missed" do
      em do
        EventMachine.every(0.01) do |due|
          seen << due
          seen.size == 1 ? sleep(0.025) : done
        end
      end
      expect(seen.map { |due| due.to_r % Rational(1, 100) }).to eq([0, 0])
      expect(seen.last - seen.first).to be >= 0.03
    end

    it "has an offset" do
      em { EventMachine.every(0.01, offset: 0.003) { |due| (seen << due) && done } }
      expect(seen.first.to_r % Rational(1, 100)).to eq(Rational(3, 1000))
    end

    it "refuses intervals that are not positive" do
      em do
        [0, -1, -0.5].each do |interval|
          expect { EventMachine.every(interval) { nil } }.to raise_error(ArgumentError, /#{interval}/)
        end
        expect { EventMachine.every(Float::NAN) { nil } }.to raise_error(ArgumentError, /NaN/)
        ["minute", 1i, nil].each do |interval|
          expect { EventMachine.every(interval) { nil } }.to raise_error(TypeError, "no interval: #{interval.inspect}")
        end
        done
      end
    end

    it "refuses offsets that are no number of seconds" do
      em do
        [nil, "x", 1i].each do |offset|
          expect { EventMachine.every(1, offset: offset) }.to raise_error(TypeError, "no offset: #{offset.inspect}")
        end
        [Float::NAN, Float::INFINITY].each do |offset|
          expect { EventMachine.every(1, offset: offset) }.to raise_error(ArgumentError, /offset.*#{offset}/)
        end
        expect(state(:@watches)).to be_empty
        done
      end
    end
  end

  describe "when the clock is set" do
    it "calls at once what has come by that, once" do
      em do
        EventMachine.at(Time.now + 3600) { seen << :hour }
        EventMachine.at(Time.now + 3602) { seen << :later }
        hourly = EventMachine.every(3600) { seen << :hourly }
        set_clock(3601)
        expect(hourly.due).to be_between(Time.now, Time.now + 3600)
        EventMachine.add_timer(0.01) { done }
      end
      expect(seen).to contain_exactly(:hour, :hourly)
    end

    it "reckons schedules anew when it is set back" do
      em do
        time = Time.now + 3600
        absolute = EventMachine.at(time) { nil }
        hourly = EventMachine.every(3600) { nil }
        broken = described_class.new(->(now) { now > time - 9000 ? now + 9 : raise("no time") }) { nil }
        expect { set_clock(-7200) }.to raise_error("no time")
        expect(absolute.due).to eq(time)
        expect(hourly.due).to be_between(Time.now, Time.now + 3600)
        expect(broken).not_to be_active
        done
      end
    end

    it "finds out by itself where the system does not tell" do
      allow(EventMachine).to receive(:open_wall_clock).and_raise(EventMachine::Unsupported)
      em do
        EventMachine.at(Time.now + 0.01) { seen << :soon }
        hourly = EventMachine.every(3600) { nil }
        EventMachine.add_timer(0.05) do
          actual = Time.method(:now).unbind
          allow(Time).to receive(:now) { actual.bind_call(Time) - 7200 }
          EventMachine.at(Time.at(0)) do
            EventMachine.add_timer(0.01) do
              expect(hourly.due).to be_between(Time.now, Time.now + 3600)
              hourly.cancel
              nothing_left && done
            end
          end
        end
      end
      expect(seen).to eq([:soon])
    end
  end
end
