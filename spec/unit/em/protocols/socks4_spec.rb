# frozen_string_literal: true

RSpec.describe EventMachine::Protocols::Socks4 do
  let(:handler) do
    Class.new(described_class) do
      include ProtocolFuzz::Recorder

      def post_init = note(:post_init)
      def receive_data(data) = note(:data, data)
    end
  end

  it "asks for the connection" do
    expect(handler.new(nil, "10.1.2.3", 258).log).to eq([[:send, "\x04\x01\x01\x02\x0A\x01\x02\x03\x00".b]])
  end

  it "gives way to the subclass when the proxy has granted it" do
    object = handler.new(nil, "10.1.2.3", 80)
    ["\0\x5A", "123456da", "ta"].each { |chunk| object.receive_data(chunk) }
    expect(object.log.drop(1)).to eq([[:post_init], [:data, "da"], [:data, "ta"]])
  end

  it "closes when the proxy refuses, or is none" do
    ["\0\x5B123456", "HTTP/1.1 "].each do |answer|
      object = handler.new(nil, "10.1.2.3", 80)
      object.receive_data(answer)
      expect(object.log.last).to eq([:close])
    end
  end

  it "refuses what it cannot reach" do
    [["::1", 80], ["10.1.2.3", 65_536], ["10.1.2.3", -1], ["10.1.2.3", "x"]].each do |target|
      expect { handler.new(nil, *target) }.to raise_error(ArgumentError)
    end
  end
end
