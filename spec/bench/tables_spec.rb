# frozen_string_literal: true

require_relative "recording"
require_relative "../../bench/harness/document"
require_relative "../../bench/harness/tables"

RSpec.describe Bench::Tables do
  let(:text) { described_class.new(SampleRecording.recording).to_s }

  it "has a row of costs with ratio and spread" do
    row = "| echo & reply | 4.00 | 1.00 + 2.00 | 8.00 | 4.00 + 4.00 | **0.62** | 0.30–1.00 |"
    expect(text).to include(row)
  end

  it "has system calls, throughput and peak memory" do
    expect(text).to include("| echo & reply | 2.10 | 5.00 | 2,000 | 2,000 | 20 MiB | 20 MiB |")
  end

  it "has rivals beside both gems" do
    expect(text).to include("| CPU time, µs | gem | Debian | C |", "| echo & reply | 4.00 | 8.00 | 2.00 |")
  end

  it "has latencies with their rate, and says who fell behind" do
    expect(text).to include("| echo & reply | 12,345 | gem | 50 | 90 | 1,990 | 2,000 | 3,000 |",
                            "| C, which fell behind |")
  end

  it "has the bytes of a connection" do
    expect(text).to include("| idle connection | 500 | 2,000 | 0.25 |")
  end

  it "says what was run where" do
    expect(text).to include("A processor; 2026-01-02, 3 rounds, 2 minutes. " \
                            "Compared: gem 1.4, Debian 1.3, C 12.")
  end

  it "has as many cells in each row as in the heading" do
    text.split("\n\n").select { |part| part.start_with?("| ") }.each do |table|
      expect(table.lines.map { |row| row.count("|") }.uniq.size).to eq(1), table
    end
  end
end

RSpec.describe Bench::Document do
  marks = [described_class::BEGINNING, described_class::ENDING]

  it "has another part between the marks, and the rest as it was" do
    document = described_class.new("before\n#{marks[0]}\nold\n#{marks[1]}\nafter\n")
    expect(document.with("new")).to eq("before\n#{marks[0]}\n\nnew\n\n#{marks[1]}\nafter\n")
  end

  it "comes out the same when it is rendered twice" do
    once = described_class.new(marks.join).with("new")
    expect(described_class.new(once).with("new")).to eq(once)
  end

  it "wants both marks" do
    expect { described_class.new("before #{marks[0]} after").with("new") }.to raise_error(ArgumentError)
  end

  it "finds its marks in the document on performance" do
    text = File.read(File.expand_path("../../docs/performance.md", __dir__), encoding: "UTF-8")
    expect(described_class.new(text).with("new")).to include("new")
  end
end
