# frozen_string_literal: true

RSpec.describe EventMachine::Protocols::LineAndTextProtocol do
  let(:handler) do
    Class.new(described_class) do
      include ProtocolFuzz::Recorder

      def receive_line(line)
        note(:line, line)
        raise "protocol error" if line == "bad"

        set_binary_mode(line.to_i) if line.match?(/\A\d+\z/)
        set_binary_mode if line == "all"
      end

      def receive_binary_data(data) = note(:text, data)
      def receive_error(message) = note(:error, message)
    end
  end

  def events(*chunks)
    object = handler.new(nil)
    chunks.each { |chunk| object.receive_data(chunk) }
    object.log
  end

  it "reads lines, whatever the chunks" do
    expected = [[:line, "aaa"], [:line, "bbb"], [:line, ""]]
    expect(events("aaa\nbbb\r\n\nc")).to eq(expected)
    expect(events(*"aaa\nbbb\r\n\nc".chars)).to eq(expected)
  end

  it "reads texts of a size between lines" do
    expected = [[:line, "4"], [:text, "ab\nc"], [:line, "x"], [:line, "0"], [:text, ""], [:line, "y"]]
    expect(events("4\nab\ncx\n0\ny\n")).to eq(expected)
    expect(events(*"4\nab\ncx\n0\ny\n".chars)).to eq(expected)
  end

  it "hands over text without a size as it comes" do
    expect(events("all\nab", "cd\n")).to eq([[:line, "all"], [:text, "ab"], [:text, "cd\n"]])
  end

  it "hands over the part of a text that came before the end" do
    object = handler.new(nil)
    object.receive_data("10\nabc")
    object.unbind
    expect(object.log.last).to eq([:text, "abc"])
  end

  it "takes a line of 16 KiB and refuses a longer one" do
    expect(events("#{'x' * 16_384}\n").map(&:first)).to eq([:line])
    expect(events("#{'x' * 16_385}\nmore\n")).to eq([[:error, "overlength line"], [:close]])
    expect(events("x" * 16_000, "x" * 16_000, "\nmore\n")).to eq([[:error, "overlength line"], [:close]])
  end

  it "ends the connection when receive_line raises or asks for too much" do
    expect(events("bad\nmore\n")).to eq([[:line, "bad"], [:error, "overlength line"], [:close]])
    expect(events("33554433\nmore\n")).to eq([[:line, "33554433"], [:error, "overlength line"], [:close]])
  end

  it "refuses a text that is too long" do
    expect { handler.new(nil).set_binary_mode(described_class::MaxBinaryLength + 1) }
      .to raise_error(RuntimeError, /overlength/)
  end
end
