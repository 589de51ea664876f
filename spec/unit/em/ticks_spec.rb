# frozen_string_literal: true

RSpec.describe EventMachine do
  let(:seen) { [] }

  after { described_class.cleanup_machine }

  describe ".next_tick" do
    it "needs something to call" do
      [nil, 5, "text"].each do |anything|
        expect { described_class.next_tick(anything) }
          .to raise_error(ArgumentError, "no proc or block given")
      end
    end

    it "queues for the reactor that is to come" do
      expect(described_class.next_tick { seen << :called }).to be_nil
      expect(described_class.instance_variable_get(:@next_tick_queue).size).to eq(1)
      expect(seen).to be_empty
    end

    it "prefers its argument to the block" do
      described_class.next_tick(-> { seen << :argument }) { seen << :block }
      described_class.run_deferred_callbacks
      expect(seen).to eq([:argument])
    end
  end

  describe ".run_deferred_callbacks" do
    it "calls in order, and leaves what is queued meanwhile" do
      described_class.next_tick do
        seen << 1
        described_class.next_tick { seen << 3 }
      end
      described_class.next_tick { seen << 2 }
      expect(described_class.run_deferred_callbacks).to eq(2)
      expect(seen).to eq([1, 2])
      expect(described_class.run_deferred_callbacks).to eq(1)
      expect(seen).to eq([1, 2, 3])
    end

    it "keeps the rest when one raises" do
      described_class.next_tick { raise "first" }
      described_class.next_tick { seen << :second }
      expect { described_class.run_deferred_callbacks }.to raise_error("first")
      described_class.run_deferred_callbacks
      expect(seen).to eq([:second])
    end

    it "bears a call that empties the queue" do
      described_class.next_tick { described_class.cleanup_machine }
      described_class.next_tick { seen << :lost }
      expect { described_class.run_deferred_callbacks }.not_to raise_error
      expect(seen).to be_empty
    end
  end

  describe ".schedule" do
    it "queues while no reactor runs" do
      described_class.schedule { seen << :called }
      expect(seen).to be_empty
      described_class.run_deferred_callbacks
      expect(seen).to eq([:called])
    end

    it "needs something to call" do
      expect { described_class.schedule }.to raise_error(ArgumentError)
    end
  end
end
