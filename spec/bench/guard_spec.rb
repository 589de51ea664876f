# frozen_string_literal: true

require "json"
require "open3"
require "tmpdir"

require_relative "../../bench/harness/guard"

RSpec.describe Bench::Guard do
  figures = { "instructions" => 10_000.0, "calls" => 2.0, "allocations" => 3.0, "objects" => 1.0 }

  def guard(figures)
    described_class.new("echo" => figures)
  end

  it "passes what is as in the table, give or take its margin" do
    measured = figures.merge("instructions" => 10_200.0, "calls" => 2.03)
    expect(guard(figures).losses("echo" => measured)).to be_empty
    expect(guard(figures).gains("echo" => measured)).to be_empty
  end

  figures.each_key do |kind|
    it "names the line and the figure where #{kind} have become more, with both values" do
      measured = figures[kind] * 1.5
      losses = guard(figures).losses("echo" => figures.merge(kind => measured))
      told = format("echo: #{kind} for an operation: expected %.2f, measured %.2f", figures[kind], measured)
      expect(losses.map(&:to_s)).to eq([told])
    end
  end

  it "guards a figure that is nothing" do
    losses = guard(figures.merge("allocations" => 0.0)).losses("echo" => figures)
    expect(losses.map(&:kind)).to eq(["allocations"])
  end

  it "tells of what has become less" do
    expect(guard(figures).gains("echo" => figures.merge("calls" => 1.0)).map(&:kind)).to eq(["calls"])
  end

  it "finds a line that the table lacks" do
    expect(guard(figures).losses("new" => { "calls" => 1.0 }).map(&:line)).to eq(["new"])
  end

  it "shows by how much figures have changed" do
    expect(guard(figures).table("echo" => figures.merge("calls" => 3.0)).last).to match(/3\.00 +\+50\.0 %/)
  end

  it "has a table of all scripts" do
    root = File.expand_path("../..", __dir__)
    scripts = Dir.glob("bench/scripts/*.rb", base: root).map { |file| File.basename(file, ".rb") }
    table = JSON.parse(File.read(File.join(root, "bench/guard.json"), encoding: "UTF-8"))
    expect(table["figures"].keys).to match_array(scripts - ["prelude"])
  end

  it "has callbacks cost the same where fibers are in use" do
    root = File.expand_path("../..", __dir__)
    table = JSON.parse(File.read(File.join(root, "bench/guard.json"), encoding: "UTF-8"))["figures"]
    expect(table.dig("fiber_echo_64", "instructions")).to be <= 1.01 * table.dig("echo_64", "instructions")
  end
end

RSpec.describe "bench/guard", time_limit: 60 do
  before do
    needed = %w[strace cc]
    missing = needed.reject { |tool| system("which", tool, out: File::NULL) }
    skip "#{missing.join(', ')} missing" if missing.any?
  end

  def run(table, *options)
    Dir.mktmpdir do |directory|
      file = File.join(directory, "guard.json")
      File.write(file, JSON.generate(table))
      command = File.expand_path("../../bench/guard", __dir__)
      yield Open3.capture2e(RbConfig.ruby, command, "--table", file, *options), file
    end
  end

  it "fails where the library does more than a table says, and names it" do
    table = { "ruby" => "another", "figures" => { "next_tick_chain" => { "calls" => 0.1 } } }
    run(table, "next_tick_chain") do |(output, status), _|
      expect(status.exitstatus).to eq(1)
      finding = /^dearer: next_tick_chain: calls for an operation: expected 0\.10, measured 1\.\d+$/
      expect(output).to match(finding)
    end
  end
end
