# frozen_string_literal: true

require_relative "recording"

RSpec.describe Bench::Result do
  let(:echo) { SampleRecording.recording.results.first }
  let(:idle) { SampleRecording.recording.results.last }

  it "tells the median cost of an operation in microseconds, and its parts" do
    expect(echo.cost("ours")).to be_within(1e-9).of(4)
    expect(echo.parts("ours").map { |part| part.round(6) }).to eq([1, 2])
  end

  it "tells the median ratio to the peer with the least and the largest" do
    expect(echo.ratio.map { |ratio| ratio.round(6) }).to eq([0.625, 0.3, 1])
  end

  it "compares a rival in the rounds that it had" do
    expect(echo.ratio("c").map { |ratio| ratio.round(6) }).to eq([0.2, 0.2, 0.2])
  end

  it "tells operations a second" do
    expect(echo.throughput("ours")).to eq(2_000)
  end

  it "compares bytes where memory is what was measured" do
    expect(idle).to be_memory
    expect(idle.ratio).to eq([0.25, 0.25, 0.25])
  end

  it "takes the mean of the ratios of time alone" do
    expect(SampleRecording.recording.geometric_mean).to be_within(1e-9).of(0.625)
  end
end
