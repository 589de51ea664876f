# frozen_string_literal: true

RSpec.describe EventMachine::Protocols::Stomp do
  let(:handler) do
    Class.new do
      include EventMachine::Protocols::Stomp
      include ProtocolFuzz::Recorder

      def receive_msg(message) = note(:message, message.command, message.headers, message.body)
      def receive_error(message) = note(:error, message)
    end
  end

  def sent
    object = handler.new
    yield object
    object.log.map { |_, data| data }
  end

  def received(stream)
    [1, 5, stream.bytesize].map do |size|
      object = handler.new
      stream.b.scan(/.{1,#{size}}/mn) { |chunk| object.receive_data(chunk) }
      object.log
    end
  end

  it "sends frames" do
    tail = "content-length: 0\ncontent-type: text/plain; charset=UTF-8\n\n\0"
    expect(sent { |c| c.connect(login: "a", passcode: "b") }).to eq(["CONNECT\nlogin:a\npasscode:b\n#{tail}"])
    expect(sent { |c| c.subscribe("/q") }).to eq(["SUBSCRIBE\ndestination:/q\nack:auto\n#{tail}"])
    expect(sent { |c| c.subscribe("/q", true) }).to eq(["SUBSCRIBE\ndestination:/q\nack:client\n#{tail}"])
    expect(sent { |c| c.ack("id") }).to eq(["ACK\nmessage-id:id\n#{tail}"])
    expect(sent { |c| c.send("/q", "é", a: 1) })
      .to eq(["SEND\na:1\ndestination:/q\ncontent-length: 2\n" \
              "content-type: text/plain; charset=UTF-8\n\né\0".b])
  end

  it "sends headers byte by byte, whatever their encodings" do
    expect(sent { |c| c.connect(login: "é", passcode: "\xE9".b) }.first.b)
      .to start_with("CONNECT\nlogin:\xC3\xA9\npasscode:\xE9\n".b)
  end

  it "receives frames with and without a length, and newlines between them" do
    stream = "CONNECTED\nsession: 1\n\n\0\n\nMESSAGE\r\ncontent-length:3\r\nx:a:b\r\n\r\na\0b\0" \
             "MESSAGE\n\nc\nd\0\n"
    expect(received(stream))
      .to all(eq([[:message, "CONNECTED", { "session" => "1" }, ""],
                  [:message, "MESSAGE", { "content-length" => "3", "x" => "a:b" }, "a\0b"],
                  [:message, "MESSAGE", {}, "c\nd"]]))
  end

  it "refuses frames without their end, and heads that are too long" do
    expect(received("MESSAGE\ncontent-length:1\n\nabc\0"))
      .to all(eq([[:error, "frame without end"], [:close]]))
    object = handler.new
    object.receive_data("M\n#{"a: b\n" * 300_000}")
    expect(object.log).to eq([[:error, "overlength frame head"], [:close]])
    object = handler.new
    object.receive_data("M\ncontent-length:99999999999\n\n")
    expect(object.log).to eq([[:error, "overlength text"], [:close]])
  end
end
