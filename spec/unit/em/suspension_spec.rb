# frozen_string_literal: true

RSpec.describe EventMachine, ".suspend_timers" do
  let(:seen) { [] }

  # Lets the loop have some turns, in which timers that are due would fire.
  def after_turns(count = 3, &block)
    count.zero? ? block.call : described_class.next_tick { after_turns(count - 1, &block) }
  end

  it "has timers wait, and be due later by that time" do
    em do
      timer = described_class::Timer.new(0.01) { seen << :timer }
      repeated = described_class::PeriodicTimer.new(0.01) { (seen << :repeated) && done if seen.any? }
      expect(described_class.suspend_timers).to be(true)
      remaining = timer.remaining
      expect(remaining).to be_between(0, 0.01)
      sleep 0.02
      after_turns do
        expect(seen).to be_empty
        expect([timer.remaining, repeated.pending?]).to eq([remaining, true])
        expect(described_class.resume_timers).to be(true)
        expect(timer.remaining).to be_between(0, remaining)
      end
    end
    expect(seen).to eq(%i[timer repeated])
  end

  it "has those wait that are added meanwhile, in their order" do
    em do
      described_class.suspend_timers
      described_class.add_timer(0.02) { (seen << :last) && done }
      described_class.add_timer(0) { seen << :first }
      sleep 0.03
      after_turns do
        described_class.add_timer(0.01) { seen << :second }
        seen << described_class.resume_timers
      end
    end
    expect(seen).to eq([true, :first, :second, :last])
  end

  it "sleeps meanwhile, and wakes up when another thread resumes them" do
    em do
      described_class.add_timer(0) { done }
      described_class.suspend_timers
      before = described_class.iteration
      Thread.new do
        sleep 0.01
        seen << (described_class.iteration - before)
        described_class.resume_timers
      end
    end
    expect(seen.first).to be < 5
  end

  it "says whether it began or ended" do
    em do
      expect(described_class.resume_timers).to be(false)
      expect([described_class.suspend_timers, described_class.suspend_timers]).to eq([true, false])
      expect([described_class.resume_timers, described_class.resume_timers]).to eq([true, false])
      done
    end
  end

  it "lasts as long as a block, whatever that does, and whoever suspended them before" do
    em do
      expect(described_class.suspend_timers { 7 }).to eq(7)
      expect { described_class.suspend_timers { raise "no" } }.to raise_error("no")
      expect(described_class.resume_timers).to be(false)
      described_class.suspend_timers
      described_class.suspend_timers { nil }
      expect(described_class.resume_timers).to be(true)
      done
    end
  end

  it "does not outlast the loop, nor hold up its end" do
    em do
      described_class.fiber { described_class.shield { sleep 0.01 } }
      described_class.suspend_timers
      described_class.next_tick { done }
    end
    em do
      described_class.start_server("127.0.0.1", 0)
      described_class.suspend_timers
      described_class.stop_gracefully
    end
    em { described_class.add_timer(0) { done } }
  end

  it "needs a running reactor" do
    expect { described_class.suspend_timers }.to raise_error(RuntimeError, /not initialized: suspend_timers/)
    expect { described_class.suspend_timers { nil } }.to raise_error(RuntimeError, /not initialized: suspend_timers/)
    expect { described_class.resume_timers }.to raise_error(RuntimeError, /not initialized: resume_timers/)
  end
end
