# frozen_string_literal: true

RSpec.describe EventMachine::Protocols::LineProtocol do
  let(:handler) do
    Class.new do
      include EventMachine::Protocols::LineProtocol

      attr_reader :lines, :errors

      def receive_line(line)
        (@lines ||= []) << line
        raise "stop" if line == "stop"
      end

      def receive_error(message)
        (@errors ||= []) << message
      end
    end
  end

  it "splits at newlines, whatever the chunks" do
    [1, 2, 100].each do |size|
      object = handler.new
      "aaa\nbbb\r\n\nccc\r\r\nddd".scan(/.{1,#{size}}/m) { |chunk| object.receive_data(chunk) }
      expect(object.lines).to eq(["aaa", "bbb", "", "ccc\r"])
    end
  end

  it "leaves the data that was given as it was" do
    object = handler.new
    data = "a\nb"
    object.receive_data(data)
    object.receive_data("c\n")
    expect([data, object.lines]).to eq(["a\nb", %w[a bc]])
  end

  it "reads bytes of any encoding" do
    object = handler.new
    object.receive_data("\xFF\n".b)
    object.receive_data("é\n")
    expect(object.lines).to eq(["\xFF".b, "é"])
  end

  it "loses no line when receive_line raises" do
    object = handler.new
    expect { object.receive_data("a\nstop\nb\nc") }.to raise_error("stop")
    object.receive_data("d\n")
    expect(object.lines).to eq(%w[a stop b cd])
  end

  it "refuses a line without end" do
    object = handler.new
    4.times { object.receive_data("x" * (11 * 1024 * 1024)) }
    object.receive_data("\nb\n")
    expect([object.lines, object.errors]).to eq([nil, ["overlength line"]])
  end

  # 300 GB would be copied if all that has come were copied for each chunk: that takes longer than an example may.
  it "takes a long line in small pieces, and as long for each" do
    object = handler.new
    line = "x" * (24 * 1024 * 1024)
    (0...line.bytesize).step(1024) { |start| object.receive_data(line.byteslice(start, 1024)) }
    object.receive_data("\n")
    expect(object.lines == [line]).to be(true)
  end

  it "has a receive_line that does nothing" do
    expect(Object.new.extend(described_class).receive_line("x")).to be_nil
  end
end
