# frozen_string_literal: true

RSpec.describe EventMachine::Deferrable do
  subject(:deferrable) { EventMachine::DefaultDeferrable.new }

  let(:seen) { [] }

  def note(name)
    ->(*args) { seen << [name, *args] }
  end

  it "is mixed into classes that do not call super, and into objects" do
    own = Class.new do
      include EventMachine::Deferrable

      def initialize(anything); end
    end.new(1)
    extended = Object.new.extend(described_class)
    [own, extended].each do |object|
      object.callback { |value| seen << value }
      object.succeed(object.class)
    end
    expect(seen.size).to eq(2)
  end

  it "calls callbacks in order, with the arguments" do
    deferrable.callback(&note(:first)).callback(&note(:second))
    deferrable.errback(&note(:errback))
    deferrable.succeed(1, 2)
    expect(seen).to eq([[:first, 1, 2], [:second, 1, 2]])
  end

  it "calls errbacks in order, with the arguments" do
    deferrable.errback(&note(:first)).errback(&note(:second))
    deferrable.callback(&note(:callback))
    deferrable.fail(1, 2)
    expect(seen).to eq([[:first, 1, 2], [:second, 1, 2]])
  end

  it "hands on keywords, at once and later" do
    settlements = {
      succeed: :callback, set_deferred_success: :callback, fail: :errback, set_deferred_failure: :errback
    }
    settlements.each do |settle, add|
      deferrable = EventMachine::DefaultDeferrable.new
      got = []
      deferrable.public_send(add) { |value, reason:| got << [value, reason] }
      deferrable.public_send(settle, 1, reason: "x")
      deferrable.public_send(add) { |value, reason:| got << [value, reason] }
      expect(got).to eq([[1, "x"]] * 2)
    end
  end

  it "hands on keywords with a status, and a Hash as a Hash" do
    deferrable = EventMachine::DefaultDeferrable.new
    got = []
    deferrable.callback { |value = nil, key: nil| got << [value, key] }
    deferrable.callback(&->(hash) { got << hash })
    deferrable.set_deferred_status(:succeeded, key: 1)
    deferrable.callback { |value = nil, key: nil| got << [value, key] }
    deferrable.set_deferred_status(:succeeded, { key: 2 })
    deferrable.callback { |value = nil, key: nil| got << [value, key] }
    expect(got).to eq([[nil, 1], { key: 1 }, [nil, 1], [{ key: 2 }, nil]])
  end

  it "has longer names for both" do
    deferrable.callback(&note(:callback))
    deferrable.set_deferred_success(1)
    other = EventMachine::DefaultDeferrable.new
    other.errback(&note(:errback))
    other.set_deferred_failure(2)
    expect(seen).to eq([[:callback, 1], [:errback, 2]])
  end

  it "returns itself when something is added, and nil without a block" do
    expect(deferrable.callback { nil }).to equal(deferrable)
    expect(deferrable.errback { nil }).to equal(deferrable)
    expect(deferrable.callback).to be_nil
    expect(deferrable.errback).to be_nil
    deferrable.succeed
    expect(deferrable.callback { nil }).to equal(deferrable)
    expect(deferrable.errback { nil }).to equal(deferrable)
  end

  it "calls at once what is added later, and drops the other kind" do
    deferrable.succeed(1)
    deferrable.callback(&note(:callback)).errback(&note(:errback))
    expect(seen).to eq([[:callback, 1]])
    deferrable.fail(2)
    expect(seen).to eq([[:callback, 1]])
    deferrable.callback(&note(:late)).errback(&note(:late_errback))
    expect(seen).to eq([[:callback, 1], [:late_errback, 2]])
  end

  it "calls each once, and forgets the other kind" do
    deferrable.callback(&note(:callback)).errback(&note(:errback))
    deferrable.succeed
    deferrable.fail
    deferrable.succeed
    expect(seen).to eq([[:callback]])
  end

  it "gives new arguments to the callbacks that follow" do
    deferrable.callback do |value|
      seen << value
      deferrable.succeed(value + 1)
      seen << :returned
    end
    deferrable.callback { |value| seen << value }
    deferrable.succeed(1)
    expect(seen).to eq([1, 2, :returned])
  end

  it "goes over to the errbacks when a callback fails it" do
    deferrable.callback { deferrable.fail(:changed) }.callback(&note(:callback))
    deferrable.errback(&note(:errback))
    deferrable.succeed
    expect(seen).to eq([[:errback, :changed]])
  end

  it "goes over to the callbacks when an errback lets it succeed" do
    deferrable.errback { deferrable.succeed(:changed) }.errback(&note(:errback))
    deferrable.callback(&note(:callback))
    deferrable.fail
    expect(seen).to eq([[:callback, :changed]])
  end

  it "keeps the callbacks that follow one that raises" do
    deferrable.callback { raise "no" }.callback(&note(:second))
    expect { deferrable.succeed(1) }.to raise_error("no")
    deferrable.succeed(2)
    expect(seen).to eq([[:second, 2]])
  end

  it "calls what was added as a block of any kind" do
    deferrable.callback(&seen.method(:push)).callback(&:itself)
    deferrable.succeed(1)
    expect(seen).to eq([1])
  end

  describe "with an open outcome" do
    it "is armed again by other statuses, and by the instance variable" do
      deferrable.succeed(1)
      [
        -> { deferrable.instance_variable_set(:@deferred_status, nil) },
        -> { deferrable.set_deferred_status(nil) },
        -> { deferrable.set_deferred_status(:unknown) }
      ].each_with_index do |arm, index|
        arm.call
        deferrable.callback(&note(:callback))
        expect(seen.size).to eq(index)
        deferrable.succeed(index)
        expect(seen.last).to eq([:callback, index])
      end
    end

    it "keeps what is waiting" do
      deferrable.callback(&note(:callback))
      deferrable.set_deferred_status(:unknown, 1)
      expect(seen).to be_empty
      deferrable.succeed(2)
      expect(seen).to eq([[:callback, 2]])
    end
  end

  it "needs a status" do
    expect { deferrable.set_deferred_status }.to raise_error(ArgumentError)
  end

  describe "#cancel_callback and #cancel_errback" do
    it "take back the very block" do
      block = note(:cancelled)
      deferrable.callback(&block).callback(&note(:kept))
      expect(deferrable.cancel_callback(block)).to equal(block)
      deferrable.succeed
      expect(seen).to eq([[:kept]])
    end

    it "do so for failure" do
      block = note(:cancelled)
      deferrable.errback(&block).errback(&note(:kept))
      expect(deferrable.cancel_errback(block)).to equal(block)
      deferrable.fail
      expect(seen).to eq([[:kept]])
    end

    it "ignore what is not there" do
      expect(deferrable.cancel_callback(nil)).to be_nil
      expect(deferrable.cancel_errback(proc {})).to be_nil
      deferrable.callback(&note(:kept))
      expect(deferrable.cancel_callback(proc {})).to be_nil
    end
  end

  describe "#timeout" do
    it "fails in the end, with the arguments" do
      em do
        expect(deferrable.timeout(0, :late, 1)).to equal(deferrable)
        deferrable.errback do |*args|
          seen << args
          done
        end
      end
      expect(seen).to eq([[:late, 1]])
    end

    it "hands on keywords" do
      em do
        deferrable.timeout(0, 1, reason: "late")
        deferrable.errback { |value, reason:| (seen << [value, reason]) && done }
      end
      expect(seen).to eq([[1, "late"]])
    end

    it "is over with the outcome, and leaves no timer" do
      em do
        before = EventMachine.get_timer_count
        deferrable.timeout(10)
        expect(EventMachine.get_timer_count).to eq(before + 1)
        deferrable.errback(&note(:errback))
        deferrable.succeed
        expect(EventMachine.get_timer_count).to eq(before)
        done
      end
      expect(seen).to be_empty
    end

    it "replaces the one before" do
      em do
        before = EventMachine.get_timer_count
        deferrable.timeout(10, :first)
        deferrable.timeout(0, :second)
        expect(EventMachine.get_timer_count).to eq(before + 1)
        deferrable.errback do |reason|
          seen << reason
          done
        end
      end
      expect(seen).to eq([:second])
    end

    it "can be taken back, more than once" do
      em do
        before = EventMachine.get_timer_count
        deferrable.timeout(0)
        expect(deferrable.cancel_timeout).to be_nil
        expect(deferrable.cancel_timeout).to be_nil
        expect(EventMachine.get_timer_count).to eq(before)
        done
      end
    end

    it "can be set again after it has failed" do
      again = lambda do
        deferrable.set_deferred_status(nil)
        deferrable.errback { |reason| (seen << reason) && done }
        deferrable.timeout(0, 2)
      end
      em do
        deferrable.timeout(0, 1)
        deferrable.errback { EventMachine.next_tick(again) }
      end
      expect(seen).to eq([2])
    end

    it "needs a running reactor" do
      expect { deferrable.timeout(1) }.to raise_error(RuntimeError, /not initialized/)
    end
  end
end
