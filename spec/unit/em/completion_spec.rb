# frozen_string_literal: true

RSpec.describe EventMachine::Completion do
  subject(:completion) { described_class.new }

  let(:seen) { [] }

  def note(name)
    ->(*args) { seen << [name, *args] }
  end

  # Runs calls that were queued outside the reactor's thread.
  def crank
    em { EventMachine.next_tick { done } }
  end

  # Runs the block in the reactor.
  def in_reactor
    em do
      yield
      done
    end
  end

  it "is a Deferrable of unknown state at first" do
    expect(completion).to be_a(EventMachine::Deferrable)
    expect(completion.state).to eq(:unknown)
    expect(completion.value).to eq([])
    expect(completion).not_to be_completed
    expect(completion.completion_states).to eq(%i[succeeded failed])
  end

  it "calls callbacks in order, with the arguments" do
    in_reactor do
      expect(completion.callback(&note(:first))).to equal(completion)
      completion.callback(note(:second)).errback(note(:errback))
      expect(completion.succeed(1, 2)).to be_nil
      expect(seen).to eq([[:first, 1, 2], [:second, 1, 2]])
      expect(completion.state).to eq(:succeeded)
      expect(completion.value).to eq([1, 2])
      expect(completion).to be_completed
    end
  end

  it "calls errbacks in order, with the arguments" do
    in_reactor do
      completion.errback(&note(:first)).errback(note(:second)).callback(note(:callback))
      expect(completion.fail(1, 2)).to be_nil
      expect(seen).to eq([[:first, 1, 2], [:second, 1, 2]])
      expect(completion.state).to eq(:failed)
    end
  end

  it "hands on keywords, at once and later" do
    settlements = { succeed: :callback, set_deferred_success: :completion, fail: :errback,
                    set_deferred_failure: :completion }
    in_reactor do
      settlements.each do |settle, add|
        completion = described_class.new
        completion.public_send(add) { |value, reason:| seen << [value, reason] }
        completion.public_send(settle, 1, reason: "x")
        completion.public_send(add) { |value, reason:| seen << [value, reason] }
      end
    end
    expect(seen).to eq([[1, "x"]] * 8)
  end

  it "hands on keywords of any state, from a thread, too" do
    completion.stateback(:ready) { |reason:| (seen << reason) && done }
    em { Thread.new { completion.change_state(:ready, reason: "x") } }
    expect(seen).to eq(["x"])
  end

  it "has the names of a Deferrable, too" do
    in_reactor do
      completion.callback(note(:callback))
      completion.set_deferred_status(:succeeded, 1)
      completion.set_deferred_failure(2)
      expect(completion.state).to eq(:failed)
      completion.set_deferred_success(3)
      expect(completion.value).to eq([3])
    end
    expect(seen).to eq([[:callback, 1]])
  end

  describe "#completion" do
    it "is called with either outcome, after its callbacks" do
      in_reactor do
        completion.completion(note(:completion)).callback(note(:callback))
        completion.succeed(1)
        other = described_class.new.completion(note(:completion)).errback(note(:errback))
        other.fail(2)
      end
      expect(seen).to eq([[:callback, 1], [:completion, 1], [:errback, 2], [:completion, 2]])
    end

    it "is called at once where the outcome is known" do
      in_reactor do
        completion.fail(1)
        completion.completion(note(:completion))
      end
      expect(seen).to eq([[:completion, 1]])
    end
  end

  describe "#stateback" do
    it "is called when its state comes, and once" do
      in_reactor do
        expect(completion.stateback(:a, note(:a))).to equal(completion)
        completion.stateback(:b, &note(:b))
        expect(completion.change_state(:a, 1)).to be_nil
        completion.change_state(:b, 2)
        completion.change_state(:a, 3)
        expect(completion.state).to eq(:a)
        expect(completion.value).to eq([3])
      end
      expect(seen).to eq([[:a, 1], [:b, 2]])
    end

    it "is called at once in its state" do
      in_reactor do
        completion.stateback(:unknown, note(:unknown))
        completion.change_state(:a, 1)
        completion.stateback(:a, note(:a))
      end
      expect(seen).to eq([[:unknown], [:a, 1]])
    end

    it "keeps waiting through the outcome" do
      in_reactor do
        completion.stateback(:later, note(:later))
        completion.succeed
        completion.change_state(:later, 1)
      end
      expect(seen).to eq([[:later, 1]])
    end

    it "is dropped when the outcome is known" do
      in_reactor do
        completion.succeed
        completion.stateback(:later, note(:later))
        completion.change_state(:later)
      end
      expect(seen).to be_empty
    end

    it "takes states that are no symbols" do
      in_reactor do
        completion.stateback("succeeded", note(:text))
        completion.stateback(nil, note(:nil))
        completion.change_state("succeeded")
        expect(completion).not_to be_completed
        completion.change_state(nil)
      end
      expect(seen).to eq([[:text], [:nil]])
    end
  end

  it "drops what was added for the other outcome, before and after" do
    in_reactor do
      completion.errback(note(:before))
      completion.succeed
      completion.errback(note(:after))
      completion.fail
      completion.succeed
    end
    expect(seen).to be_empty
  end

  it "calls at once what is added for the outcome later" do
    in_reactor do
      completion.succeed(1)
      completion.callback(note(:late))
      expect(seen).to eq([[:late, 1]])
    end
  end

  it "can be opened again" do
    in_reactor do
      completion.completion(note(:first))
      completion.succeed
      completion.change_state(:unknown)
      expect(completion).not_to be_completed
      completion.completion(note(:second)).callback(note(:callback))
      completion.fail(1)
    end
    expect(seen).to eq([[:first], [:second, 1]])
  end

  it "gives new arguments to the callbacks that follow" do
    in_reactor do
      completion.callback { |value| (seen << value) && completion.succeed(:two) }
      completion.callback { |value| (seen << value) && completion.succeed(:three) }
      completion.callback { |value| seen << value }
      completion.succeed(:one)
    end
    expect(seen).to eq(%i[one two three])
  end

  it "goes over to the errbacks when a callback fails it" do
    in_reactor do
      completion.callback { completion.fail(:changed) }.callback(note(:callback)).errback(note(:errback))
      completion.succeed
      expect(completion.state).to eq(:failed)
    end
    expect(seen).to eq([[:errback, :changed]])
  end

  it "goes on with the callbacks of a state when one of them changes it" do
    in_reactor do
      completion.stateback(:a) { completion.change_state(:b, 2) }
      completion.stateback(:a, note(:a)).stateback(:b, note(:b))
      completion.change_state(:a, 1)
    end
    expect(seen).to eq([[:b, 2], [:a, 2]])
  end

  it "keeps the callbacks that follow one that raises" do
    in_reactor do
      completion.callback { raise "no" }.callback(note(:second))
      expect { completion.succeed(1) }.to raise_error("no")
      completion.succeed(2)
    end
    expect(seen).to eq([[:second, 2]])
  end

  it "lets a subclass name other outcomes" do
    subclass = Class.new(described_class) { def completion_states = %i[succeeded failed dropped] }
    in_reactor do
      other = subclass.new.completion(note(:completion)).callback(note(:callback))
      other.stateback(:dropped, note(:dropped))
      other.change_state(:dropped)
      expect(other).to be_completed
      other.succeed
    end
    expect(seen).to eq([[:dropped], [:completion]])
  end

  it "names what cannot be called" do
    %i[callback errback completion cancel_callback cancel_errback].each do |method|
      [nil, 5, "text"].each do |anything|
        expect { completion.public_send(method, anything) }
          .to raise_error(ArgumentError, /#{anything.inspect}/)
      end
      expect { completion.public_send(method) }.to raise_error(ArgumentError)
    end
    expect { completion.stateback(:a, 5) }.to raise_error(ArgumentError, /5/)
  end

  describe "#cancel_callback and #cancel_errback" do
    it "take back what was added, in either form" do
      in_reactor do
        block = note(:cancelled)
        completion.callback(block).callback(&block).callback(note(:kept)).errback(&block)
        expect(completion.cancel_callback(&block)).to equal(block)
        expect(completion.cancel_errback(block)).to equal(block)
        expect(completion.cancel_errback(block)).to be_nil
        completion.succeed
      end
      expect(seen).to eq([[:kept]])
    end
  end

  describe "#timeout" do
    it "fails in the end, with the arguments" do
      em do
        expect(completion.timeout(0, 1, 2)).to be_a(EventMachine::Timer)
        completion.errback { |*args| (seen << args) && done }
      end
      expect(seen).to eq([[1, 2]])
    end

    it "hands on keywords" do
      em do
        completion.timeout(0, 1, reason: "late")
        completion.errback { |value, reason:| (seen << [value, reason]) && done }
      end
      expect(seen).to eq([[1, "late"]])
    end

    it "is over with the outcome, and leaves no timer" do
      in_reactor do
        before = EventMachine.get_timer_count
        completion.timeout(10)
        completion.change_state(:later)
        expect(EventMachine.get_timer_count).to eq(before + 1)
        completion.succeed
        expect(EventMachine.get_timer_count).to eq(before)
      end
    end

    it "replaces the one before, and can be taken back" do
      in_reactor do
        before = EventMachine.get_timer_count
        completion.timeout(10)
        completion.timeout(20)
        expect(EventMachine.get_timer_count).to eq(before + 1)
        expect(completion.cancel_timeout).to be_nil
        expect(completion.cancel_timeout).to be_nil
        expect(EventMachine.get_timer_count).to eq(before)
      end
    end
  end

  context "when used off the reactor's thread" do
    it "changes state at once, and calls back in the reactor's thread" do
      em do
        completion.callback { |value| (seen << [value, EventMachine.reactor_thread?]) && done }
        Thread.new { completion.succeed(1) }.join
        expect(completion.state).to eq(:succeeded)
        expect(seen).to be_empty
      end
      expect(seen).to eq([[1, true]])
    end

    it "takes callbacks" do
      em do
        Thread.new { completion.callback(note(:callback)) }.join
        completion.succeed(1)
        Thread.new { completion.callback(note(:late)) }.join
        expect(seen).to eq([[:callback, 1]])
        EventMachine.next_tick { done }
      end
      expect(seen).to eq([[:callback, 1], [:late, 1]])
    end

    it "waits for the reactor to run" do
      completion.callback(note(:callback))
      completion.succeed(1)
      expect(seen).to be_empty
      crank
      expect(seen).to eq([[:callback, 1]])
    end

    it "calls the callbacks of the first of several outcomes" do
      completion.callback(note(:callback)).errback(note(:errback))
      completion.succeed(1)
      completion.fail(2)
      crank
      expect(seen).to eq([[:callback, 1]])
      expect(completion.state).to eq(:failed)
    end

    it "calls no errback of an outcome that another has overtaken" do
      em do
        completion.callback(note(:callback)).errback(note(:errback))
        Thread.new { completion.succeed(1) }.join
        completion.fail(2)
        EventMachine.next_tick { done }
      end
      expect(seen).to eq([[:errback, 2]])
      expect(completion.state).to eq(:failed)
    end

    it "loses no callback that is added while the outcome comes" do
      em do
        completions = Array.new(200) { described_class.new }
        adders = Array.new(2) do
          Thread.new { completions.each { |one| one.callback { seen << :called } } }
        end
        completions.each(&:succeed)
        adders.each(&:join)
        EventMachine.next_tick { done }
      end
      expect(seen.size).to eq(400)
    end
  end
end
