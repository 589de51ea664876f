# frozen_string_literal: true

RSpec.describe EventMachine::Protocols::HeaderAndContentProtocol do
  let(:handler) do
    Class.new(described_class) do
      include ProtocolFuzz::Recorder

      def receive_first_header_line(line) = note(:first, line)
      def receive_headers(headers) = note(:headers, headers)
      def receive_request(headers, content) = note(:request, headers, content)
      def receive_error(message) = note(:error, message)
    end
  end

  def events(data)
    object = handler.new(nil)
    object.receive_data(data)
    object.log
  end

  it "reads requests with and without a content, one after the other" do
    headers = ["POST /", "Content-Length: 3"]
    expect(events("\r\nPOST /\r\nContent-Length: 3\r\n\r\nabcGET /\n\n"))
      .to eq([[:first, "POST /"], [:headers, headers], [:request, headers, "abc"],
              [:first, "GET /"], [:headers, ["GET /"]], [:request, ["GET /"], ""]])
  end

  it "hands over the part of a content that came before the end" do
    object = handler.new(nil)
    object.receive_data("Content-length: 10\n\nabc")
    object.unbind
    expect(object.log.last).to eq([:request, ["Content-length: 10"], "abc"])
  end

  it "needs none of the methods" do
    object = Class.new(described_class) { include ProtocolFuzz::Recorder }.new(nil)
    expect { object.receive_data("a\ncontent-length: 1\n\nx") }.not_to raise_error
  end

  it "refuses two lengths, a content and a header that are too long" do
    expect(events("Content-length: 1\nContent-length: 2\n\nab").last(2))
      .to eq([[:error, "extraneous content-length header"], [:close]])
    expect(events("Content-length: 99999999999\n\nab").last(2)).to eq([[:error, "overlength text"], [:close]])
    expect(events("a: #{'b' * 2000}\n" * 600).last(2)).to eq([[:error, "overlength header"], [:close]])
    expect(events("a: b\n" * 1_001).last(2)).to eq([[:error, "too many header lines"], [:close]])
  end

  it "makes a Hash of header lines" do
    lines = ["GET / HTTP/1.0", "User-Agent: a", "x:b:c", "Other : d", "User-Agent: e", "no header"]
    expected = { user_agent: "e", x: "b:c", other: "d" }
    expect(described_class.headers_2_hash(lines)).to eq(expected)
    expect(handler.new(nil).headers_2_hash(lines)).to eq(expected)
  end
end
