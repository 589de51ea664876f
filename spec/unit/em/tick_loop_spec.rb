# frozen_string_literal: true

RSpec.describe EventMachine::TickLoop do
  let(:seen) { [] }

  it "calls its work once each turn" do
    turns = 0
    em do
      count = -> { EventMachine.next_tick(count) if (turns += 1) < 5 }
      count.call
      tick_loop = EventMachine.tick_loop { seen << turns }
      EventMachine.next_tick { EventMachine.next_tick { EventMachine.next_tick { done } } }
      expect(tick_loop).to be_a(described_class)
      expect(seen).to be_empty
    end
    expect(seen).to eq(seen.uniq)
    expect(seen.size).to be_between(3, 4)
  end

  it "ends when its work returns :stop" do
    em do
      tick_loop = EventMachine.tick_loop { (seen << :turn).size == 3 ? :stop : nil }
      tick_loop.on_stop do
        expect(tick_loop).to be_stopped
        EventMachine.next_tick { EventMachine.next_tick { done } }
      end
    end
    expect(seen.size).to eq(3)
  end

  it "ends when it is stopped within its work" do
    em do
      tick_loop = EventMachine.tick_loop do
        seen << :turn
        tick_loop.stop
      end
      EventMachine.next_tick { EventMachine.next_tick { EventMachine.next_tick { done } } }
    end
    expect(seen.size).to eq(1)
  end

  it "takes a callable, and a method of an object" do
    em do
      EventMachine.tick_loop(-> { (seen << :callable) && :stop })
      EventMachine.tick_loop(seen, :pop).on_stop { nil }
      EventMachine.next_tick { EventMachine.next_tick { done } }
    end
    expect(seen).to be_empty
  end

  it "starts before the reactor does" do
    EventMachine.tick_loop do
      done
      :stop
    end
    em { nil }
  end

  it "lets what its work raises through, and is no longer called" do
    em do
      EventMachine.error_handler { |error| seen << error.message }
      EventMachine.tick_loop { raise "no" }
      EventMachine.next_tick { EventMachine.next_tick { EventMachine.next_tick { done } } }
    end
    expect(seen).to eq(["no"])
  end

  describe "#on_stop" do
    it "is called in order, and once" do
      tick_loop = described_class.new { nil }.start
      tick_loop.on_stop { seen << 1 }
      tick_loop.on_stop { seen << 2 }
      expect(tick_loop.stop).to be_nil
      tick_loop.stop
      expect(seen).to eq([1, 2])
    end

    it "is called at once, and returns what was returned, when the loop does not run" do
      expect(described_class.new { nil }.on_stop { 42 }).to eq(42)
    end

    it "may add another one" do
      tick_loop = described_class.new { nil }.start
      tick_loop.on_stop { tick_loop.on_stop { seen << :inner } }
      tick_loop.stop
      expect(seen).to eq([:inner])
    end

    it "keeps the rest when one raises" do
      tick_loop = described_class.new { nil }.start
      tick_loop.on_stop { raise "no" }
      tick_loop.on_stop { seen << :second }
      expect { tick_loop.stop }.to raise_error("no")
      expect(tick_loop).to be_stopped
      tick_loop.stop
      expect(seen).to eq([:second])
    end
  end

  describe "#start" do
    it "starts again what was stopped" do
      em do
        tick_loop = EventMachine.tick_loop { (seen << :turn) && :stop }
        EventMachine.next_tick do
          expect(tick_loop.start).to equal(tick_loop)
          expect(tick_loop).not_to be_stopped
          EventMachine.next_tick { EventMachine.next_tick { done } }
        end
      end
      expect(seen.size).to eq(2)
    end

    it "runs one loop, not two, when stopped and started within a turn" do
      em do
        tick_loop = described_class.new { seen << :turn }.start
        tick_loop.stop
        tick_loop.start
        EventMachine.next_tick do
          expect(seen.size).to eq(1)
          done
        end
      end
    end

    it "runs one loop, not two, when its work stops and starts it" do
      em do
        tick_loop = described_class.new do
          seen << :turn
          next unless seen.size == 1

          tick_loop.stop
          tick_loop.start
        end
        tick_loop.start
        EventMachine.next_tick { EventMachine.next_tick { EventMachine.next_tick { done } } }
      end
      expect(seen.size).to be_between(2, 4)
    end

    it "refuses to start what runs" do
      tick_loop = described_class.new { nil }.start
      expect { tick_loop.start }.to raise_error(ArgumentError, "double start")
    end
  end

  it "names what cannot be called" do
    [nil, 5, "text"].each do |anything|
      expect { described_class.new(anything) }.to raise_error(ArgumentError, /#{anything.inspect}/)
      expect { EventMachine.tick_loop(anything) }.to raise_error(ArgumentError, /#{anything.inspect}/)
    end
    expect { described_class.new }.to raise_error(ArgumentError)
    expect { described_class.new { nil }.on_stop }.to raise_error(ArgumentError)
  end
end
