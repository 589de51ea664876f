# frozen_string_literal: true

RSpec.describe "Timers" do
  let(:log) { [] }

  def now
    Process.clock_gettime(Process::CLOCK_MONOTONIC)
  end

  describe "EventMachine.add_timer" do
    it "calls once, not before the interval is over" do
      started = nil
      em do
        started = now
        EventMachine.add_timer(0.03) { log << now }
        EventMachine.add_timer(0.1) { done }
      end
      expect(log.size).to eq(1)
      expect(log.first - started).to be >= 0.03
    end

    it "calls in the order of the deadlines" do
      em do
        EventMachine.add_timer(0.03) { (log << :third) && done }
        EventMachine.add_timer(0.01) { log << :first }
        EventMachine.add_timer(0.02) { log << :second }
      end
      expect(log).to eq(%i[first second third])
    end

    it "takes something to call, which wins over the block" do
      em { EventMachine.add_timer(0, -> { (log << :argument) && done }) { log << :block } }
      expect(log).to eq([:argument])
    end

    it "returns a signature, and nil when there is nothing to call" do
      em do
        log << EventMachine.add_timer(60) { nil } << EventMachine.add_timer(60)
        done
      end
      expect(log).to match([Integer, nil])
    end

    it "takes an interval that is negative, or a text, or nil, for one that may be over" do
      em do
        EventMachine.add_timer(-1) { log << :negative }
        EventMachine.add_timer("0.001") { log << :text }
        EventMachine.add_timer(nil) { log << :nil }
        EventMachine.add_timer(0.1) { done }
      end
      expect(log).to contain_exactly(:negative, :text, :nil)
    end

    it "refuses what is no number of seconds, by name" do
      em do
        [Float::NAN, Float::INFINITY, -Float::INFINITY].each do |interval|
          expect { EventMachine.add_timer(interval) { nil } }.to raise_error(FloatDomainError, /#{interval}/)
          expect { EventMachine.add_periodic_timer(interval) { nil } }
            .to raise_error(FloatDomainError, /#{interval}/)
        end
        log << EventMachine.get_timer_count
        done
      end
      expect(log).to eq([1])
    end

    it "waits for ever when the interval is huge" do
      em do
        [1e9, 11_948_602_000, 1e15, 1e30, 10**30, Float::MAX].each do |interval|
          EventMachine.add_timer(interval) { log << interval }
        end
        EventMachine.add_timer(0.05) { done }
      end
      expect(log).to be_empty
    end

    it "needs a reactor" do
      expect { EventMachine.add_timer(1) { nil } }.to raise_error(RuntimeError, /not initialized/)
      expect(state(:@timers)).to be_empty
    end
  end

  describe "EventMachine.cancel_timer" do
    it "keeps a timer from firing, and the count down" do
      em do
        before = EventMachine.get_timer_count
        signature = EventMachine.add_timer(0.01) { log << :fired }
        log << EventMachine.cancel_timer(signature) << (EventMachine.get_timer_count - before)
        EventMachine.add_timer(0.05) { done }
      end
      expect(log).to eq([false, 0])
    end

    it "takes timer objects" do
      em do
        EventMachine.cancel_timer(EventMachine::Timer.new(0.01) { log << :timer })
        EventMachine.cancel_timer(EventMachine.add_periodic_timer(0.01) { log << :periodic })
        EventMachine.add_timer(0.05) { done }
      end
      expect(log).to be_empty
    end

    it "leaves alone what has fired, was cancelled, or never was" do
      em do
        fired = EventMachine.add_timer(0) { log << :fired }
        EventMachine.add_timer(0.01) do
          answers = [fired, fired, 4242, nil, "x"].map { |timer| EventMachine.cancel_timer(timer) }
          expect(answers).to all(be_nil)
          done
        end
      end
      expect(log).to eq([:fired])
    end

    it "cancels from the callback of another timer that is due as well" do
      em do
        second = nil
        EventMachine.add_timer(0) { EventMachine.cancel_timer(second) }
        second = EventMachine.add_timer(0) { log << :second }
        EventMachine.add_timer(0.03) { done }
      end
      expect(log).to be_empty
    end
  end

  describe "EventMachine.add_periodic_timer" do
    it "calls again and again, at no time too early" do
      started = nil
      em do
        started = now
        EventMachine.add_periodic_timer(0.02) do
          log << now
          done if log.size == 10
        end
      end
      expect(log.each_with_index.map { |time, index| time - started - (0.02 * (index + 1)) }.min).to be >= -1e-6
    end

    it "returns a timer that its own callback may cancel" do
      em do
        timer = EventMachine.add_periodic_timer(0.005) do
          log << :fired
          EventMachine.add_timer(0.03) { done } if log.size == 3 && timer.cancel
        end
      end
      expect(log.size).to eq(3)
    end
  end

  describe "the limit" do
    after { EventMachine.set_max_timers(@default) }

    before { @default = EventMachine.get_max_timers }

    it "holds outstanding timers, not those that are gone" do
      EventMachine.set_max_timers(100)
      expect(EventMachine.get_max_timers).to eq(100)
      em do
        1000.times { EventMachine.cancel_timer(EventMachine.add_timer(60) { nil }) }
        expect { 200.times { EventMachine.add_timer(60) { nil } } }
          .to raise_error(RuntimeError, /\Aran out of timers; use #set_max_timers to increase limit/)
        log << EventMachine.get_timer_count
        done
      end
      expect(log).to eq([100])
    end
  end

  it "may be many" do
    em do
      5_000.times { EventMachine.add_timer(0.01) { log << :fired } }
      EventMachine.add_timer(0.02) { done }
    end
    expect(log.size).to eq(5_000)
  end
end
