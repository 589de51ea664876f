# frozen_string_literal: true

require_relative "planted"

RSpec.describe Planted do
  described_class.faults.each do |fault|
    it "can be planted: #{fault.name}" do
      source = File.read(fault.path(described_class::ROOT), encoding: "UTF-8")
      expect(fault.count(source)).to eq(1)
    end
  end

  it "says in docs/reliability.md by which seed each fault is found" do
    table = File.read(File.join(described_class::ROOT, "docs/reliability.md"), encoding: "UTF-8")
    rows = table.scan(/^\| (.+) \| \d+ \| [\d,]+ \|$/).flatten
    expect(described_class.faults.map(&:title) - rows).to eq([])
  end

  it "has a fault of each name once" do
    names = described_class.faults.map(&:name)
    expect(names).to eq(names.uniq)
  end
end
