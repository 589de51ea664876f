# frozen_string_literal: true

require_relative "../../bench/harness/statistics"

RSpec.describe Bench::Statistics do
  it "takes the middle of an odd number of rounds, and the mean of the two in the middle of an even" do
    expect(described_class.median([9, 1, 5])).to eq(5)
    expect(described_class.median([4, 1, 9, 6])).to eq(5)
  end

  it "has a geometric mean of 1 for half and double" do
    expect(described_class.geometric_mean([0.5, 2])).to be_within(1e-9).of(1)
  end

  it "compares round with round, as far as both have one" do
    expect(described_class.ratios([1, 3, 5], [2, 2])).to eq([0.5, 1.5])
  end

  it "makes nothing of nothing" do
    expect { described_class.median([]) }.to raise_error(ArgumentError)
    expect { described_class.geometric_mean([]) }.to raise_error(ArgumentError)
  end
end
