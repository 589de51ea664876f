# frozen_string_literal: true

RSpec.describe EventMachine, ".Callback" do
  it "returns a callable itself" do
    callable = ->(value) { value }
    expect(described_class.Callback(callable)).to equal(callable)
    expect(described_class.Callback([1].method(:first)).call).to eq(1)
  end

  it "takes any object that responds to call" do
    callable = Struct.new(:call).new(:called)
    expect(described_class.Callback(callable)).to equal(callable)
  end

  it "sends a method to an object" do
    list = [1]
    callback = described_class.Callback(list, :push)
    callback.call(2, 3)
    expect(list).to eq([1, 2, 3])
  end

  it "passes keywords and blocks on to the method" do
    receiver = Class.new { def sum(first, by:) = yield(first * by) }.new
    expect(described_class.Callback(receiver, "sum").call(2, by: 3) { |product| product + 1 }).to eq(7)
  end

  it "reaches private methods" do
    receiver = Class.new { private def hidden = :reached }.new
    expect(described_class.Callback(receiver, :hidden).call).to eq(:reached)
  end

  it "returns the block, also beside an object that is no callable" do
    block = -> {}
    expect(described_class.Callback(&block)).to equal(block)
    expect(described_class.Callback(5, &block)).to equal(block)
    expect(described_class.Callback([], nil, &block)).to equal(block)
  end

  it "prefers a callable and a method to the block" do
    expect(described_class.Callback(-> { :argument }) { :block }.call).to eq(:argument)
    expect(described_class.Callback([7], :first) { :block }.call).to eq(7)
  end

  it "names what cannot be called" do
    [nil, 5, "text", :symbol, []].each do |anything|
      expect { described_class.Callback(anything) }
        .to raise_error(ArgumentError, "callable or block expected, not #{anything.inspect}")
    end
    expect { described_class.Callback(nil, :push) }.to raise_error(ArgumentError, /nil/)
    expect { described_class.Callback }.to raise_error(ArgumentError)
  end
end
