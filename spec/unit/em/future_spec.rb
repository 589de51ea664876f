# frozen_string_literal: true

RSpec.describe EventMachine::Deferrable, ".future" do
  let(:seen) { [] }
  let(:deferrable) { EventMachine::DefaultDeferrable.new }

  def note(name)
    ->(*args) { seen << [name, *args] }
  end

  it "returns a value, and calls nothing" do
    [nil, 5, "text"].each do |value|
      expect(described_class.future(value, note(:callback), note(:errback))).to equal(value)
    end
    expect(seen).to be_empty
  end

  it "returns what a callable returns" do
    expect(described_class.future(-> { 101 })).to eq(101)
    expect(described_class.future([7].method(:first))).to eq(7)
  end

  it "adds a callback to a Deferrable, and returns it" do
    expect(described_class.future(deferrable, note(:callback))).to equal(deferrable)
    deferrable.succeed(1)
    expect(seen).to eq([[:callback, 1]])
  end

  it "adds callback and errback, or the errback alone" do
    described_class.future(deferrable, note(:callback), note(:errback))
    described_class.future(deferrable, nil, note(:second))
    deferrable.fail(1)
    expect(seen).to eq([[:errback, 1], [:second, 1]])
  end

  it "takes the block for a callback" do
    described_class.future(deferrable) { |value| seen << value }
    deferrable.succeed(1)
    expect(seen).to eq([1])
  end

  it "prefers an argument to the block" do
    described_class.future(deferrable, note(:argument)) { seen << :block }
    deferrable.succeed
    expect(seen).to eq([[:argument]])
  end

  it "adds nothing where nothing is given" do
    expect(described_class.future(deferrable)).to equal(deferrable)
    deferrable.succeed
  end

  it "adds to the Deferrable that a callable returns" do
    expect(described_class.future(-> { deferrable }, note(:callback))).to equal(deferrable)
    deferrable.succeed(1)
    expect(seen).to eq([[:callback, 1]])
  end

  it "calls at once where the outcome is known" do
    deferrable.succeed(1)
    described_class.future(deferrable, note(:callback))
    expect(seen).to eq([[:callback, 1]])
  end

  it "adds to a Completion" do
    completion = EventMachine::Completion.new
    em do
      described_class.future(completion, note(:callback))
      completion.succeed(1)
      done
    end
    expect(seen).to eq([[:callback, 1]])
  end

  it "refuses what is no proc" do
    expect { described_class.future(deferrable, 5) }.to raise_error(TypeError, /Integer/)
    expect { described_class.future(deferrable, nil, "text") }.to raise_error(TypeError, /String/)
  end
end
