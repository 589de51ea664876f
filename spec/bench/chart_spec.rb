# frozen_string_literal: true

require "rexml/document"

require_relative "recording"
require_relative "../../bench/harness/chart"

RSpec.describe Bench::Chart do
  let(:chart) { described_class.new(SampleRecording.recording, command: "rake bench") }
  let(:picture) { REXML::Document.new(chart.to_s) }

  def bars
    picture.get_elements("//rect")
  end

  it "is a picture in SVG that names machine, versions and command" do
    texts = picture.get_elements("//text").map(&:text).join("\n")
    expect(picture.root.name).to eq("svg")
    expect(texts).to include("A processor", "gem 1.4 against Debian 1.3", "2026-01-02, rake bench",
                             "echo & reply")
  end

  it "has a bar for each line, that ends at 1" do
    ends = bars.map { |bar| bar.attributes["x"].to_f + bar.attributes["width"].to_f }
    expect(ends).to all(be_within(0.1).of(chart.place(1)))
  end

  it "has a scale on which half and double are as far from 1" do
    expect(chart.place(1) - chart.place(0.5)).to be_within(0.2).of(chart.place(0.8) - chart.place(0.4))
  end

  it "has a longer bar where the ratio is further from 1" do
    echo, idle = bars.map { |bar| bar.attributes["width"].to_f }
    expect(idle).to be > echo
  end

  it "shows what is dearer in another colour, to the other side" do
    record = SampleRecording.echo
    record["subjects"]["ours"], record["subjects"]["peer"] = record["subjects"].values_at("peer", "ours")
    recording = SampleRecording.recording
    allow(recording).to receive(:results).and_return([Bench::Result.new(record)])
    bar = REXML::Document.new(described_class.new(recording, command: "").to_s).get_elements("//rect").first
    expect(bar.attributes["class"]).to eq("dearer")
  end
end
