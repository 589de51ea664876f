# frozen_string_literal: true

require "stringio"
require_relative "../../support/sink"

RSpec.describe EventMachine::IOStreamer do
  let(:sink) { Sink.new }
  let(:seen) { [] }

  def outcome(streamer)
    streamer.callback { |*args| seen << [:callback, *args] }
    streamer.errback { |*args| seen << [:errback, *args] }
    seen.last
  end

  it "is a Deferrable" do
    expect(described_class).to be < EventMachine::Deferrable
    expect(described_class::CHUNK_SIZE).to eq(16_384)
  end

  it "sends all there is, in pieces, and leaves the object open" do
    { 0 => [], 1 => [1], 16_384 => [16_384], 16_385 => [16_384, 1], 40_000 => [16_384, 16_384, 7232] }
      .each do |size, pieces|
        sink = Sink.new
        content = Random.bytes(size)
        io = StringIO.new(content)
        expect(outcome(described_class.new(sink, io))).to eq([:callback])
        expect(sink.pieces.map(&:bytesize)).to eq(pieces)
        expect(sink.pieces.join).to eq(content)
        expect(io).not_to be_closed
      end
  end

  it "begins where the object stands" do
    io = StringIO.new("hello world")
    io.read(6)
    described_class.new(sink, io)
    expect(sink.pieces).to eq(["world"])
  end

  it "sends bytes, not characters" do
    described_class.new(sink, StringIO.new("é" * 10_000))
    expect(sink.bytes).to eq(20_000)
  end

  it "sends HTTP chunks" do
    {
      0 => "0\r\n\r\n",
      1 => "1\r\nA\r\n0\r\n\r\n",
      16_385 => "4000\r\n#{'A' * 16_384}\r\n1\r\nA\r\n0\r\n\r\n"
    }.each do |size, expected|
      sink = Sink.new
      streamer = described_class.new(sink, StringIO.new("A" * size), http_chunks: true)
      expect(outcome(streamer)).to eq([:callback])
      expect(sink.pieces.join).to eq(expected)
    end
  end

  it "sends all at once to what only has send_data" do
    taker = Class.new do
      def send_data(data)
        taken << data
      end

      def taken
        @taken ||= []
      end
    end.new
    content = Random.bytes(100_000)
    expect(outcome(described_class.new(taker, StringIO.new(content)))).to eq([:callback])
    expect(taken = taker.taken.join).to eq(content), "#{taken.bytesize} bytes were taken"
  end

  it "sends what a pipe has" do
    IO.pipe do |reader, writer|
      writer.write("through the pipe")
      writer.close
      expect(outcome(described_class.new(sink, reader))).to eq([:callback])
    end
    expect(sink.pieces).to eq(["through the pipe"])
  end

  it "sends what anything that can be read has" do
    source = Class.new do
      def initialize = @pieces = %w[a b] + [""]
      def read(_length) = @pieces.shift
    end.new
    described_class.new(sink, source)
    expect(sink.pieces).to eq(%w[a b])
  end

  it "waits while the connection has much to send" do
    em do
      sink.holds_back = true
      described_class.new(sink, StringIO.new("A" * 200_000)).callback { done }
      expect(sink.bytes).to be_between(50_001, 50_000 + 16_384)
      EventMachine.add_timer(0.02) do
        expect(sink.bytes).to be < 70_000
        sink.holds_back = false
      end
    end
    expect(sink.bytes).to eq(200_000)
  end

  it "fails when the connection takes no more" do
    sink.returns = -1
    streamer = described_class.new(sink, StringIO.new("A" * 200_000))
    expect(outcome(streamer)).to eq([:errback, "connection closed"])
    expect(sink.pieces.size).to eq(1)
  end

  it "fails when the object cannot be read" do
    closed = StringIO.new("A").tap(&:close)
    source = Class.new { def read(_length) = raise(Errno::ECONNRESET) }.new
    expect(outcome(described_class.new(sink, source))).to eq([:errback, Errno::ECONNRESET.new.message])
    expect { described_class.new(sink, closed) }.not_to raise_error
    expect(outcome(described_class.new(sink, closed))).to match([:errback, /not opened for reading|closed/])
  end

  it "needs an object that can be read" do
    [nil, 5].each do |anything|
      expect { described_class.new(sink, anything) }
        .to raise_error(an_instance_of(NoMethodError).and(have_attributes(receiver: anything)), /read/)
    end
  end
end
