# frozen_string_literal: true

RSpec.describe EventMachine::Iterator do
  let(:seen) { [] }
  let(:take) { ->(item, iter) { (seen << item) && iter.next } }

  # The maximum number of items that were processed at a time.
  def after_turns(count, &block)
    count.zero? ? block.call : EventMachine.next_tick { after_turns(count - 1, &block) }
  end

  def most_in_work(iterator)
    now = most = 0
    em do
      work = lambda do |_, iter|
        most = [most, now += 1].max
        after_turns(10) { (now -= 1) && iter.next }
      end
      iterator.each(work, -> { done })
    end
    most
  end

  describe "#each" do
    it "takes one item after the other, on turns to come, and ends with the second callable" do
      em do
        iterator = described_class.new([1, 2, 3])
        result = iterator.each(take, -> { (seen << :after) && done })
        expect(result).to equal(iterator)
        expect(seen).to be_empty
      end
      expect(seen).to eq([1, 2, 3, :after])
    end

    it "takes the next item only when the one before is done with" do
      em do
        described_class.new([1, 2]).each do |item, iter|
          seen << [:begin, item]
          EventMachine.add_timer(0.001) do
            seen << [:end, item]
            item == 2 ? done : iter.next
          end
        end
      end
      expect(seen).to eq([[:begin, 1], [:end, 1], [:begin, 2], [:end, 2]])
    end

    it "prefers an argument to the block, which may come beside the second callable" do
      em do
        described_class.new([1]).each(->(item, _) { seen << item }) { seen << :block }
        described_class.new([2]).each(nil, -> { (seen << :after) && done }) do |item, iter|
          (seen << item) && iter.next
        end
      end
      expect(seen).to eq([1, 2, :after])
    end

    it "ends at once with an empty list" do
      em { described_class.new([]).each(->(*) { seen << :item }, -> { done }) }
      expect(seen).to be_empty
    end

    it "needs no second callable" do
      em do
        described_class.new([1]).each { |_, iter| iter.next }
        EventMachine.next_tick { EventMachine.next_tick { EventMachine.next_tick { done } } }
      end
    end

    it "hands out nil, false, lists and the text of its end mark like anything else" do
      items = [nil, false, [1, 2], +"EM::Stop"]
      em { described_class.new(items).each(take, -> { done }) }
      expect(seen).to eq(items)
    end

    it "goes through twenty thousand items that are done with at once" do
      em do
        described_class.new(1..20_000, 50).each(take, -> { done })
      end
      expect(seen).to eq([*1..20_000])
    end

    it "is not disturbed by changes of the list" do
      list = [1, 2]
      em do
        described_class.new(list).each(->(item, iter) { (list << 3) && take.call(item, iter) }, -> { done })
      end
      expect(seen).to eq([1, 2])
      expect(list.size).to eq(4)
    end

    it "ends the work on an item once" do
      em do
        described_class.new([1]).each do |_, iter|
          iter.next
          expect { iter.next }.to raise_error(RuntimeError, "already completed this iteration")
          done
        end
      end
    end

    it "gives a step that can be called, and passed for a block" do
      em do
        work = ->(item, iter) { item == 1 ? iter.call : EventMachine.next_tick(&iter) }
        described_class.new([1, 2]).each(work, -> { done })
      end
    end

    it "lets what the work raises through" do
      expect { em { described_class.new([1]).each { raise "no" } } }.to raise_error("no")
    end

    it "needs something to call" do
      expect { described_class.new([1]).each }
        .to raise_error(ArgumentError, "proc or block required for iteration")
      expect { described_class.new([1]).each(nil) }.to raise_error(ArgumentError)
    end

    it "raises in the reactor for what cannot be called" do
      expect { em { described_class.new([1]).each(5) } }
        .to raise_error(an_instance_of(NoMethodError).and(have_attributes(name: :call, receiver: 5)))
    end

    it "can be started once" do
      em do
        iterator = described_class.new([1])
        again = lambda do
          expect { iterator.each { nil } }
            .to raise_error(RuntimeError, "cannot iterate over an iterator more than once")
        end
        after = lambda do
          again.call
          done
        end
        iterator.each(->(_, iter) { iter.next }, after)
        again.call
      end
    end

    it "starts before the reactor does" do
      described_class.new([1]).each(->(_, iter) { iter.next }, -> { done })
      em { nil }
    end
  end

  describe "its list" do
    it "may be anything that has a list" do
      [[nil, []], [{ a: 1 }, [[:a, 1]]], [1..2, [1, 2]]].each do |list, items|
        seen.clear
        em { described_class.new(list).each(take, -> { done }) }
        expect(seen).to eq(items)
      end
    end

    it "may be a callable that returns Stop in the end" do
      numbers = [1, 2, 3]
      source = -> { numbers.shift || EventMachine::Iterator::Stop }
      em { described_class.new(source, 2).each(take, -> { done }) }
      expect(seen).to eq([1, 2, 3])
    end

    it "is refused where it is neither" do
      [5, "text", :symbol].each do |anything|
        expect { described_class.new(anything) }
          .to raise_error(ArgumentError, /\Aargument must be a proc or an array.*#{anything.inspect}/)
      end
    end
  end

  describe "its concurrency" do
    it "is one unless told" do
      expect(described_class.new([]).concurrency).to eq(1)
      expect(most_in_work(described_class.new(1..5))).to eq(1)
    end

    it "is how many items are in work at a time" do
      expect(most_in_work(described_class.new(1..10, 3))).to eq(3)
    end

    it "may be more than there are items" do
      expect(most_in_work(described_class.new(1..3, 1_000_000))).to eq(3)
      expect(most_in_work(described_class.new(1..3, Float::INFINITY))).to eq(3)
    end

    it "can be raised meanwhile" do
      iterator = described_class.new(1..20, 1)
      EventMachine.next_tick { EventMachine.next_tick { iterator.concurrency = 4 } }
      expect(most_in_work(iterator)).to eq(4)
      expect(iterator.concurrency).to eq(4)
    end

    it "can be lowered meanwhile" do
      in_work = 0
      em do
        iterator = described_class.new(1..12, 4)
        work = lambda do |item, iter|
          in_work += 1
          iterator.concurrency = 1 if item == 4
          seen << in_work
          EventMachine.next_tick { (in_work -= 1) && iter.next }
        end
        iterator.each(work, -> { done })
      end
      expect(seen.max).to be > 1
      expect(seen.last(6)).to all(eq(1))
      expect(seen.size).to eq(12)
    end

    it "takes no items while it is none" do
      em do
        iterator = described_class.new([1, 2, 3])
        work = lambda do |item, iter|
          seen << item
          iterator.concurrency = 0
          EventMachine.next_tick { iter.next }
        end
        iterator.each(work, -> { done })
        EventMachine.add_timer(0.005) do
          expect(seen).to eq([1])
          iterator.concurrency = 2
          EventMachine.add_timer(0.005) { done }
        end
      end
      expect(seen.first(2)).to eq([1, 2])
    end

    it "must be positive at first" do
      [0, -1].each do |concurrency|
        expect { described_class.new([1], concurrency) }
          .to raise_error(ArgumentError, /\Aconcurrency must be bigger than zero.*#{concurrency}/)
      end
      expect { described_class.new([1], "3") }.to raise_error(ArgumentError)
      expect { described_class.new([1], nil) }.to raise_error(NoMethodError, /nil/)
    end

    it "stays what it was where the new one is no number" do
      iterator = described_class.new([1], 2)
      expect { iterator.concurrency = "3" }.to raise_error(ArgumentError)
      expect { iterator.concurrency = nil }.to raise_error(NoMethodError, /nil/)
      expect(iterator.concurrency).to eq(2)
    end
  end

  describe "#map" do
    it "collects results in the order of the items, whatever the order they come in" do
      em do
        iterator = described_class.new(1..3, 3)
        work = ->(number, iter) { EventMachine.add_timer((4 - number) * 0.002) { iter.return(number * 2) } }
        result = iterator.map(work, ->(results) { (seen << results) && done })
        expect(result).to equal(iterator)
      end
      expect(seen).to eq([[2, 4, 6]])
    end

    it "gives an empty list for an empty list" do
      em { described_class.new([]).map(->(*) {}, ->(results) { (seen << results) && done }) }
      expect(seen).to eq([[]])
    end

    it "takes nil for no result, and the first of several" do
      em do
        work = ->(number, iter) { number == 1 ? iter.return : iter.return(2, 3) }
        described_class.new([1, 2]).map(work, ->(results) { (seen << results) && done })
      end
      expect(seen).to eq([[nil, 2]])
    end

    it "takes one result for each item, and no next" do
      em do
        work = lambda do |item, iter|
          expect { iter.next }.to raise_error(NoMethodError, "must call #return on a map iterator")
          iter.return(item)
          expect { iter.return(item) }
            .to raise_error(RuntimeError, "already returned a value for this iteration")
        end
        described_class.new([1, 2]).map(work, ->(results) { (seen << results) && done })
      end
      expect(seen).to eq([[1, 2]])
    end
  end

  describe "#inject" do
    it "passes an object on" do
      em do
        iterator = described_class.new([1, 2, 3])
        work = ->(sum, number, iter) { EventMachine.next_tick { iter.return(sum + number) } }
        expect(iterator.inject(10, work, ->(sum) { (seen << sum) && done })).to equal(iterator)
      end
      expect(seen).to eq([16])
    end

    it "gives the object itself for an empty list" do
      em { described_class.new([]).inject(:object, ->(*) {}, ->(object) { (seen << object) && done }) }
      expect(seen).to eq([:object])
    end

    it "takes one result for each item, and no next" do
      em do
        work = lambda do |sum, number, iter|
          expect { iter.next }.to raise_error(NoMethodError, "must call #return on an inject iterator")
          iter.return(sum + number)
          expect { iter.return(1) }.to raise_error(RuntimeError, /already returned/)
        end
        described_class.new([1, 2]).inject(0, work, ->(sum) { (seen << sum) && done })
      end
      expect(seen).to eq([3])
    end
  end

  it "can be subclassed" do
    subclass = Class.new(described_class) do
      def initialize
        super([1, 2, 3], 2)
      end

      def finish
        raise "not meant for the iterator"
      end
    end
    em { subclass.new.map(->(item, iter) { iter.return(item) }, ->(results) { (seen << results) && done }) }
    expect(seen).to eq([[1, 2, 3]])
  end
end
