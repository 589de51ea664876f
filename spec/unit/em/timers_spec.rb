# frozen_string_literal: true

# A clock that is set by hand, in place of the reactor's timers.
module TimersByHand
  Wait = Struct.new(:delay, :callback)

  attr_reader :waits

  def stub_timers
    @time = 1000.0
    @waits = {}
    signature = 0
    allow(Process).to receive(:clock_gettime).with(Process::CLOCK_MONOTONIC) { @time }
    allow(EventMachine).to receive(:add_timer) do |delay, callback|
      @waits[signature += 1] = Wait.new(delay, callback)
      signature
    end
    allow(EventMachine).to receive(:cancel_timer) { |cancelled| false if @waits.delete(cancelled) }
  end

  # Lets the only wait be over, so late that `late` seconds are wasted.
  def elapse(late: 0)
    signature, wait = @waits.first
    @waits.delete(signature)
    @time += wait.delay + late
    wait.callback.call
  end

  def delays
    @waits.values.map { |wait| wait.delay.round(6) }
  end

  def pass(seconds)
    @time += seconds
  end
end

RSpec.describe EventMachine::Timer do
  let(:seen) { [] }

  it "calls its block once" do
    em do
      described_class.new(0) { |*args| seen << args }
      described_class.new(0.01) { done }
    end
    expect(seen).to eq([[]])
  end

  it "prefers an argument to the block" do
    em do
      described_class.new(0, -> { seen << :argument }) { seen << :block }
      described_class.new(0.01) { done }
    end
    expect(seen).to eq([:argument])
  end

  it "takes a negative interval for none" do
    em { described_class.new(-1) { done } }
  end

  it "can be cancelled, so that nothing is left of it" do
    em do
      before = EventMachine.get_timer_count
      timer = described_class.new(0) { seen << :called }
      expect(EventMachine.get_timer_count).to eq(before + 1)
      expect(timer.cancel).to be(false)
      expect(EventMachine.get_timer_count).to eq(before)
      timer.cancel
      EventMachine.add_timer(0.01) { done }
    end
    expect(seen).to be_empty
  end

  it "can be cancelled after it has fired, and by itself" do
    em do
      timer = described_class.new(0) do
        timer.cancel
        seen << :called
      end
      EventMachine.add_timer(0.01) do
        timer.cancel
        done
      end
    end
    expect(seen).to eq([:called])
  end

  it "does nothing without a callback" do
    em do
      before = EventMachine.get_timer_count
      timer = described_class.new(0)
      expect(EventMachine.get_timer_count).to eq(before)
      timer.cancel
      done
    end
  end

  it "refuses intervals that never end" do
    em do
      [Float::INFINITY, Float::NAN].each do |interval|
        expect { described_class.new(interval) { nil } }.to raise_error(FloatDomainError, /#{interval}/)
      end
      done
    end
  end

  it "needs a running reactor" do
    expect { described_class.new(1) { nil } }.to raise_error(RuntimeError, /not initialized/)
  end
end

RSpec.describe EventMachine::PeriodicTimer do
  include TimersByHand

  let(:seen) { [] }

  it "calls its block again and again" do
    em do
      described_class.new(0.002) do |*args|
        seen << args
        done if seen.size == 4
      end
    end
    expect(seen).to eq([[]] * 4)
  end

  it "is what EventMachine.add_periodic_timer makes" do
    em do
      timer = EventMachine.add_periodic_timer(0.001) do
        seen << :called
        done
      end
      expect(timer).to be_a(described_class)
      expect(timer.interval).to eq(0.001)
    end
    expect(seen).to eq([:called])
  end

  it "can be cancelled, so that nothing is left of it" do
    em do
      before = EventMachine.get_timer_count
      timer = described_class.new(0.001) { seen << :called }
      expect(timer.cancel).to be(true)
      expect(timer.cancel).to be(true)
      expect(EventMachine.get_timer_count).to eq(before)
      expect(EventMachine.cancel_timer(described_class.new(0.001) { seen << :called })).to be(true)
      EventMachine.add_timer(0.01) { done }
    end
    expect(seen).to be_empty
  end

  it "can be cancelled by itself" do
    em do
      timer = described_class.new(0) do
        seen << :called
        timer.cancel if seen.size == 3
      end
      EventMachine.add_timer(0.02) { done }
    end
    expect(seen.size).to eq(3)
  end

  it "calls a subclass's fire" do
    subclass = Class.new(described_class) do
      def fire
        EventMachine.stop
      end
    end
    em { subclass.new(0) { seen << :called } }
    expect(seen).to be_empty
  end

  it "ends when its callback raises" do
    em do
      EventMachine.error_handler { |error| seen << error.message }
      described_class.new(0.001) { raise "no" }
      EventMachine.add_timer(0.02) { done }
    end
    expect(seen).to eq(["no"])
  end

  it "goes on without a callback" do
    em do
      timer = described_class.new(0.001)
      expect { timer.fire }.not_to raise_error
      timer.cancel
      done
    end
  end

  it "needs a running reactor" do
    expect { described_class.new(1) { nil } }.to raise_error(RuntimeError, /not initialized/)
  end

  it "refuses intervals that never end" do
    em do
      [Float::INFINITY, Float::NAN].each do |interval|
        expect { described_class.new(interval) { nil } }.to raise_error(FloatDomainError, /#{interval}/)
      end
      done
    end
  end

  describe "its times" do
    before { stub_timers }

    it "are multiples of the interval, whatever the callback takes and however late it is called" do
      described_class.new(10) { pass(3) }
      expect(delays).to eq([10])
      elapse(late: 1)
      expect(delays).to eq([6])
      elapse(late: 0.5)
      expect(delays).to eq([6.5])
    end

    it "do not drift" do
      described_class.new(0.1) { seen << @time }
      1000.times { elapse(late: 0.003) }
      expect(seen.last).to be_within(0.0001).of(1000 + 100 + 0.003)
    end

    it "leave out those that were missed" do
      described_class.new(10) { pass(25) if (seen << @time).size == 1 }
      elapse
      expect(delays).to eq([5])
      elapse
      expect(seen).to eq([1010, 1040])
    end

    it "leave out one that is just over" do
      described_class.new(10) { pass(10) }
      elapse
      expect(delays).to eq([10])
    end

    it "are every turn's where the interval is not positive" do
      [0, -1, nil, "text"].each do |interval|
        timer = described_class.new(interval) { nil }
        3.times { elapse }
        expect(delays.last).to be <= 0
        timer.cancel
      end
    end

    it "follow a new interval from the next call on" do
      timer = described_class.new(10) { nil }
      timer.interval = 1
      expect(timer.interval).to eq(1)
      expect(delays).to eq([10])
      elapse
      expect(delays).to eq([1])
    end

    it "follow a new interval that is set in the callback" do
      timer = described_class.new(10) { timer.interval = 2 }
      elapse
      expect(delays).to eq([2])
    end

    it "begin anew when it is called by hand" do
      timer = described_class.new(10) { seen << :called }
      pass(7)
      expect(timer.fire).to be_an(Integer)
      expect(seen).to eq([:called])
      expect(delays).to eq([10])
    end

    it "begin anew when it is scheduled by hand" do
      timer = described_class.new(10) { seen << :called }
      pass(7)
      expect(timer.schedule).to be_an(Integer)
      expect(delays).to eq([10])
    end

    it "are over when it is cancelled" do
      timer = described_class.new(10) { seen << :called }
      timer.cancel
      expect(waits).to be_empty
      expect(timer.fire).to be_nil
      expect(seen).to be_empty
    end
  end
end
