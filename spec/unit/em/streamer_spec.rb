# frozen_string_literal: true

require "tempfile"
require_relative "../../support/sink"

RSpec.describe EventMachine::FileStreamer do
  let(:sink) { Sink.new }
  let(:seen) { [] }

  # Replaces the mapper: reads the file.
  let(:mapper) do
    Class.new do
      class << self
        attr_accessor :last
      end

      attr_reader :closed

      def initialize(path)
        @content = File.binread(path)
        self.class.last = self
      end

      def get_chunk(position, length)
        raise IOError, "file was truncated" if position + length > @content.bytesize

        @content.byteslice(position, length)
      end

      def close
        raise "closed twice" if @closed

        @closed = true
      end
    end
  end

  before do
    reader = Module.new
    reader.const_set(:Mapper, mapper)
    stub_const("EventMachine::FastFileReader", reader)
  end

  def file(content)
    Tempfile.create("em-streamer") do |file|
      file.binmode
      file.write(content)
      file.flush
      yield file.path
    end
  end

  # @return [Array] what was called, and with what
  def outcome(streamer)
    streamer.callback { |*args| seen << [:callback, *args] }
    streamer.errback { |*args| seen << [:errback, *args] }
    seen.last
  end

  it "is a Deferrable" do
    expect(described_class).to be < EventMachine::Deferrable
    expect([described_class::MappingThreshold, described_class::ChunkSize]).to all(eq(16_384))
    expect(described_class::BackpressureLevel).to eq(50_000)
  end

  it "sends a short file in one piece" do
    ["", "a", "a" * 16_384].each do |content|
      file(content) do |path|
        sink = Sink.new
        expect(outcome(described_class.new(sink, path))).to eq([:callback])
        expect(sink.files).to eq([path])
        expect(sink.pieces).to be_empty
      end
    end
  end

  it "sends a longer file in pieces" do
    content = Random.bytes(40_000)
    file(content) do |path|
      expect(outcome(described_class.new(sink, path))).to eq([:callback])
      expect(sink.pieces.map(&:bytesize)).to eq([16_384, 16_384, 7232])
      expect(sink.pieces.join).to eq(content)
      expect(mapper.last.closed).to be(true)
    end
  end

  it "sends HTTP chunks" do
    {
      0 => "0\r\n\r\n",
      1 => "1\r\nA\r\n0\r\n\r\n",
      16_384 => "4000\r\n#{'A' * 16_384}\r\n0\r\n\r\n",
      16_385 => "4000\r\n#{'A' * 16_384}\r\n1\r\nA\r\n0\r\n\r\n"
    }.each do |size, expected|
      file("A" * size) do |path|
        sink = Sink.new
        expect(outcome(described_class.new(sink, path, http_chunks: true))).to eq([:callback])
        expect(sink.pieces.join).to eq(expected)
      end
    end
  end

  it "waits while the connection has much to send, and does not keep the reactor busy" do
    file("A" * 200_000) do |path|
      turns = 0
      em do
        allow(EventMachine).to receive(:next_tick).and_wrap_original do |original, *args, &block|
          turns += 1
          original.call(*args, &block)
        end
        sink.holds_back = true
        described_class.new(sink, path).callback { done }
        expect(sink.bytes).to be_between(50_001, 50_000 + 16_384)
        EventMachine.add_timer(0.05) do
          expect(sink.bytes).to be < 70_000
          expect(turns).to be < 5
          sink.holds_back = false
        end
      end
    end
    expect(sink.bytes).to eq(200_000)
  end

  it "goes on on the next turn while the connection gets rid of something" do
    file("A" * 200_000) do |path|
      em do
        sink.holds_back = true
        drain = -> { sink.drain(16_384) && EventMachine.next_tick(drain) }
        EventMachine.next_tick(drain)
        described_class.new(sink, path).callback { done }
        allow(EventMachine).to receive(:add_timer).and_raise("should not wait")
      end
    end
    expect(sink.bytes).to eq(200_000)
  end

  it "waits at first where the connection has much to send already" do
    file("A" * 20_000) do |path|
      sink.send_data("B" * 50_001)
      sink.holds_back = true
      em do
        described_class.new(sink, path).callback { done }
        expect(sink.bytes).to eq(50_001)
        EventMachine.add_timer(0.01) { sink.holds_back = false }
      end
    end
    expect(sink.bytes).to eq(70_001)
  end

  it "fails for a file that is not there" do
    expect(outcome(described_class.new(sink, "/no/such/file"))).to eq([:errback, "file not found"])
    expect(sink.files).to be_empty
  end

  it "fails for a directory" do
    expect(outcome(described_class.new(sink, "/"))).to eq([:errback, "not a file: /"])
    expect(sink.files).to be_empty
  end

  it "fails for a file that cannot be read" do
    file("A" * 20_000) do |path|
      allow(mapper).to receive(:new).and_raise(Errno::EACCES, path)
      expect(outcome(described_class.new(sink, path))).to match([:errback, /#{Errno::EACCES.new.message}.*#{path}/])
    end
  end

  it "fails when the connection takes no more" do
    file("A" * 200_000) do |path|
      [-1, 0].each do |sent|
        sink = Sink.new
        sink.returns = sent
        expect(outcome(described_class.new(sink, path))).to eq([:errback, "connection closed"])
        expect(sink.pieces.size).to eq(1)
        expect(mapper.last.closed).to be(true)
      end
    end
  end

  it "takes a connection whose send_data returns anything" do
    file("A" * 20_000) do |path|
      [nil, :queued, true].each do |sent|
        sink = Sink.new
        sink.returns = sent
        expect(outcome(described_class.new(sink, path))).to eq([:callback])
        expect(sink.bytes).to eq(20_000)
      end
    end
  end

  it "cuts the connection when the file gets shorter meanwhile" do
    file("A" * 200_000) do |path|
      em do
        sink.holds_back = true
        streamer = described_class.new(sink, path)
        allow(mapper.last).to receive(:get_chunk).and_raise(IOError, "file was truncated")
        sink.holds_back = false
        streamer.errback { |reason| (seen << reason) && done }
      end
    end
    expect(seen).to eq(["file was truncated"])
    expect(sink).to be_closed
    expect(mapper.last.closed).to be(true)
  end

  it "stops when its outcome was set meanwhile, by a timeout for one" do
    file("A" * 200_000) do |path|
      em do
        sink.holds_back = true
        streamer = described_class.new(sink, path)
        streamer.timeout(0, :late)
        streamer.errback do |reason|
          seen << reason
          sink.holds_back = false
          EventMachine.add_timer(0.05) { done }
        end
      end
    end
    expect(seen).to eq([:late])
    expect(sink.bytes).to be < 70_000
    expect(mapper.last.closed).to be(true)
  end

  it "needs a name and a connection" do
    [nil, 5].each do |anything|
      expect { described_class.new(sink, anything) }.to raise_error(TypeError)
    end
    file("A") { |path| expect { described_class.new(nil, path) }.to raise_error(NoMethodError, /nil/) }
    expect { described_class.new(sink, "/", nil) }.to raise_error(NoMethodError, /nil/)
  end
end
