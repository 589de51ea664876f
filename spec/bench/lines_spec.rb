# frozen_string_literal: true

require_relative "../../bench/harness/lines"
require_relative "../../bench/harness/rival"

RSpec.describe "The lines of the benchmarks" do
  lines = Bench.lines

  it "have names of their own" do
    expect(lines.map(&:id).uniq.size).to eq(lines.size)
    expect(lines.map(&:title).uniq.size).to eq(lines.size)
  end

  it "are all that there are files for" do
    directory = File.expand_path("../../bench/lines", __dir__)
    loaded = $LOADED_FEATURES.select { |file| file.start_with?("#{directory}/") }
    expect(loaded).to match_array(Dir[File.join(directory, "*.rb")])
  end

  lines.each do |line|
    it "have Ruby in #{line.id}" do
      expect { RubyVM::InstructionSequence.compile(line.source) }.not_to raise_error
    end
  end

  def line(id)
    Bench.lines.find { |line| line.id == id }
  end

  def runners(id)
    all = [Bench::OURS, Bench::PEER, Bench::SELECT, *Bench::EVERY_RIVAL]
    all.select { |one| one.runs?(line(id)) }.map(&:id)
  end

  it "run both gems everywhere, and rivals where they have a server for it" do
    expect(runners(:timers_fire)).to eq(%i[ours peer])
    expect(runners(:udp)).to eq(%i[ours peer select c])
    expect(runners(:echo_64)).to eq(%i[ours peer select c threads nio4r node uvloop])
  end

  it "run neither select nor threads with thousands of connections" do
    expect(runners(:echo_64_5k)).to eq(%i[ours peer c nio4r node uvloop])
    expect(runners(:echo_64_idle)).to eq(%i[ours peer c])
  end

  it "count idle connections as open" do
    expect(line(:echo_64_idle).connections).to eq(5_050)
  end

  it "can be made shorter, but for those about memory" do
    expect(line(:echo_64).scaled(0.5).operations).to eq(line(:echo_64).operations / 2)
    expect(line(:idle).scaled(0.5).operations).to eq(line(:idle).operations)
  end

  it "has rivals with a command for each line that they run" do
    Bench.lines.each do |line|
      Bench::EVERY_RIVAL.select { |rival| rival.runs?(line) }.each do |rival|
        expect(rival.command(line, "file", 10)).to all(be_a(String))
      end
    end
  end
end
