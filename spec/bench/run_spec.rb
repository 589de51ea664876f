# frozen_string_literal: true

require_relative "../../bench/harness/lines"
require_relative "../../bench/harness/rival"
require_relative "../../bench/harness/run"

RSpec.describe Bench::Run do
  # A server whose turns are written down.
  let(:told) { { "operations" => 10, "seconds" => 0.5 } }
  let(:drives) { [] }

  before do
    allow(Bench::Measurement).to receive(:new) do |line, subject|
      instance_double(Bench::Measurement, system_calls: 2.5, latency: { "p50" => 1 }).tap do |measurement|
        allow(measurement).to receive(:session) do |&block|
          Bench::Failed.blame(subject) { block.call(session(line, subject)) }
        end
      end
    end
  end

  def session(line, subject)
    server = instance_double(Bench::Server, resident: 20_000, peak: 30_000)
    allow(server).to receive(:cost) { |&block| block.call && [0.3, 1, 2] }
    load = instance_double(Bench::Load)
    allow(load).to receive(:drive) { drive(subject) }
    Bench::Session.new(line, subject, server, load, 10_000)
  end

  def drive(subject)
    drives << subject.id
    told
  end

  def record(id, subjects, rounds: 1)
    line = Bench.lines.find { |one| one.id == id }
    described_class.new(line, subjects, rounds: rounds).record
  end

  def rival(id)
    Bench::EVERY_RIVAL.find { |one| one.id == id }
  end

  it "gives all servers of a round their turns, each time another first" do
    record(:echo_64, [Bench::OURS, Bench::PEER])
    expect(drives).to eq(%i[ours peer peer ours ours peer peer ours ours peer])
  end

  it "adds the turns up" do
    samples = record(:echo_64, [Bench::OURS, Bench::PEER], rounds: 2)["subjects"]["ours"]["samples"]
    sample = { "user" => be_within(1e-9).of(0.5), "system" => be_within(1e-9).of(1.0), "operations" => 50,
               "seconds" => 2.5, "peak" => 30_000 }
    expect(samples).to match([sample, sample])
  end

  it "tells what a connection takes where there are many" do
    sample = record(:echo_64_5k, [Bench::OURS, Bench::PEER])["subjects"]["ours"]["samples"].first
    expect(sample["footprint"]).to eq(10_000 * 1024 / 5_000)
  end

  context "when a server fails" do
    let(:failing) { [] }

    def drive(subject)
      raise Bench::Failed, "gone" if failing.include?(subject.id)

      super
    end

    it "goes on without a rival" do
      failing << :threads
      subjects = [Bench::OURS, Bench::PEER, rival(:c), rival(:threads)]
      measured = nil
      expect { measured = record(:echo_64, subjects)["subjects"] }
        .to output("echo_64: Ruby threads failed: gone\n").to_stderr
      expect(measured.transform_values { |one| one["samples"].size }).to eq("ours" => 1, "peer" => 1, "c" => 1)
    end

    it "goes on without a rival that does not start" do
      allow(Bench::Session).to receive(:new).and_wrap_original do |original, line, subject, *arguments|
        raise Bench::Failed, "it does not listen" if subject.id == :c

        original.call(line, subject, *arguments)
      end
      subjects = [Bench::OURS, rival(:c), Bench::PEER]
      expect { record(:echo_64, subjects) }
        .to output("echo_64: bare epoll loop in C failed: it does not listen\n").to_stderr
    end

    it "has nothing to tell without one of the gems" do
      failing << :peer
      expect { record(:echo_64, [Bench::OURS, Bench::PEER]) }
        .to raise_error(Bench::Failed, "Debian's gem failed: gone")
    end
  end
end
