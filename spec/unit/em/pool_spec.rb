# frozen_string_literal: true

RSpec.describe EventMachine::Pool do
  subject(:pool) { described_class.new }

  let(:seen) { [] }

  def deferrable
    EventMachine::DefaultDeferrable.new
  end

  # Runs the block in the reactor, and lets two turns pass.
  def in_reactor
    em do
      yield
      EventMachine.next_tick { EventMachine.next_tick { done } }
    end
  end

  it "lends a resource to one piece of work at a time" do
    lent = deferrable
    in_reactor do
      expect(pool.add(:resource)).to be_nil
      expect(pool.perform { |resource| (seen << [1, resource]) && lent }).to be_nil
      pool.perform { |resource| (seen << [2, resource]) && deferrable }
      expect(seen).to eq([[1, :resource]])
      expect(pool.num_waiting).to eq(1)
      lent.succeed
      expect(seen).to eq([[1, :resource], [2, :resource]])
      expect(pool.num_waiting).to eq(0)
    end
  end

  it "lends all resources in turn" do
    in_reactor do
      pool.add(:a)
      pool.add(:b)
      4.times do |number|
        pool.perform { |resource| (seen << [number, resource]) && deferrable.tap(&:succeed) }
      end
    end
    expect(seen).to eq([[0, :a], [1, :b], [2, :a], [3, :b]])
  end

  it "has work wait for a resource, and for the reactor" do
    pool.perform { |resource| (seen << resource) && deferrable }
    pool.add(:resource)
    expect(seen).to be_empty
    in_reactor { nil }
    expect(seen).to eq([:resource])
  end

  it "takes work in any form of callback" do
    in_reactor do
      pool.add(:resource)
      worker = Class.new { def work(_) = EventMachine::DefaultDeferrable.new.tap(&:succeed) }.new
      pool.perform(worker, :work)
      pool.reschedule(->(resource) { (seen << resource) && deferrable })
    end
    expect(seen).to eq([:resource])
  end

  it "tells its contents, lent or not, by a copy" do
    in_reactor do
      pool.add(:a)
      pool.add(:b)
      pool.perform { deferrable }
      pool.contents.clear
      expect(pool.contents).to eq(%i[a b])
    end
  end

  describe "#remove" do
    it "takes a resource out" do
      in_reactor do
        pool.add(:resource)
        expect(pool.remove(:resource)).to eq([:resource])
        expect(pool.removed?(:resource)).to be(true)
        expect(pool.contents).to be_empty
        pool.perform { |resource| (seen << resource) && deferrable }
        expect(pool.removed?(:resource)).to be(false)
        expect(pool.num_waiting).to eq(1)
      end
      expect(seen).to be_empty
    end

    it "gives a lent resource up when it comes back" do
      in_reactor do
        pool.add(:resource)
        lent = deferrable
        pool.perform { lent }
        pool.remove(:resource)
        lent.succeed
        pool.perform { |resource| (seen << resource) && deferrable }
        expect(pool.removed?(:resource)).to be(false)
      end
      expect(seen).to be_empty
    end

    it "gives up a resource that is removed by its work" do
      in_reactor do
        pool.add(:resource)
        2.times do
          pool.perform do |resource|
            seen << resource
            pool.remove(resource)
            deferrable.tap(&:succeed)
          end
        end
      end
      expect(seen).to eq([:resource])
    end

    it "forgets what is not in the pool, so that it can be added later" do
      in_reactor do
        expect(pool.remove(:resource)).to eq([])
        pool.add(:resource)
        pool.perform { |resource| (seen << resource) && deferrable }
      end
      expect(seen).to eq([:resource])
    end

    it "lets a resource be added again" do
      in_reactor do
        pool.add(:resource)
        pool.remove(:resource)
        pool.add(:resource)
        pool.perform { |resource| (seen << resource) && deferrable }
        expect(pool.contents).to eq([:resource])
        expect(pool.removed?(:resource)).to be(false)
      end
      expect(seen).to eq([:resource])
    end
  end

  describe "when work fails" do
    it "keeps the resource" do
      in_reactor do
        pool.add(:resource)
        pool.perform { deferrable.tap(&:fail) }
        pool.perform { |resource| (seen << resource) && deferrable }
        expect(pool.contents).to eq([:resource])
      end
      expect(seen).to eq([:resource])
    end

    it "gives the resource to on_error, and out of the pool" do
      in_reactor do
        callback = seen.method(:push)
        expect(pool.on_error(callback)).to equal(callback)
        pool.add(:resource)
        pool.perform { deferrable.tap { |outcome| outcome.fail("reason") } }
        pool.perform { (seen << :never) && deferrable }
        expect(seen).to eq([:resource])
        expect(pool.contents).to be_empty
        pool.add(:other)
        expect(seen).to eq(%i[resource never])
      end
    end

    it "leaves nothing behind of a resource that is removed as well" do
      in_reactor do
        pool.on_error { |resource| pool.remove(resource) }
        pool.add(:a)
        pool.perform { deferrable.tap(&:fail) }
        expect(pool.removed?(:a)).to be(false)
        pool.add(:b)
        pool.perform { |resource| pool.remove(resource) && deferrable.tap(&:fail) }
        expect(pool.removed?(:b)).to be(false)
      end
    end
  end

  describe "when work raises" do
    it "keeps the resource, and raises from the reactor" do
      pool.add(:resource)
      pool.perform { raise "no" }
      expect { in_reactor { nil } }.to raise_error("no")
      expect(pool.contents).to eq([:resource])
      in_reactor { pool.perform { |resource| (seen << resource) && deferrable } }
      expect(seen).to eq([:resource])
    end

    it "gives the resource to on_error once" do
      pool.add(:resource)
      pool.on_error { |resource| seen << resource }
      pool.perform { raise "no" }
      expect { in_reactor { nil } }.to raise_error("no")
      expect(seen).to eq([:resource])
      expect(pool.contents).to be_empty
    end

    it "does so when it returns no Deferrable" do
      [nil, 5, "text"].each do |anything|
        pool = described_class.new
        pool.add(:resource)
        pool.perform { anything }
        expect { in_reactor { nil } }
          .to raise_error(ArgumentError, /\Adeferrable expected from work.*#{anything.inspect}/)
        expect(pool.contents).to eq([:resource])
      end
    end
  end

  it "calls on_error once, also when that raises" do
    in_reactor do
      pool.on_error { |resource| (seen << resource) && raise("no") }
      pool.add(:resource)
      expect { pool.perform { deferrable.tap(&:fail) } }.to raise_error("no")
    end
    expect(seen).to eq([:resource])
  end

  it "names what cannot be called" do
    [nil, 5, "text"].each do |anything|
      expect { pool.perform(anything) }.to raise_error(ArgumentError, /#{anything.inspect}/)
      expect { pool.on_error(anything) }.to raise_error(ArgumentError, /#{anything.inspect}/)
    end
    expect { pool.perform }.to raise_error(ArgumentError)
    expect { pool.on_error }.to raise_error(ArgumentError)
  end
end
