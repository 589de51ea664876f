# frozen_string_literal: true

require "json"

RSpec.describe EventMachine::Protocols::ObjectProtocol do
  let(:handler) do
    Class.new do
      include EventMachine::Protocols::ObjectProtocol
      include ProtocolFuzz::Recorder

      def receive_object(object)
        note(:object, object)
        raise "stop" if object == :raise
      end

      def receive_error(message) = note(:error, message)
    end
  end

  def frame(dump)
    [dump.bytesize, dump].pack("Na*")
  end

  it "sends a length and a dump" do
    object = handler.new
    object.send_object({ a: 1 })
    expect(object.log).to eq([[:send, frame(Marshal.dump({ a: 1 }))]])
  end

  it "receives objects, whatever the chunks" do
    stream = [{ a: 1 }, nil, "x" * 1000].map { |value| frame(Marshal.dump(value)) }.join
    [1, 7, 10_000].each do |size|
      object = handler.new
      stream.scan(/.{1,#{size}}/mn) { |chunk| object.receive_data(chunk) }
      expect(object.log).to eq([[:object, { a: 1 }], [:object, nil], [:object, "x" * 1000]])
    end
  end

  it "loses no object when receive_object raises" do
    object = handler.new
    stream = frame(Marshal.dump(:raise)) + frame(Marshal.dump(:next))
    expect { object.receive_data(stream) }.to raise_error("stop")
    object.receive_data("")
    expect(object.log).to eq([[:object, :raise], [:object, :next]])
  end

  it "uses another serializer" do
    handler.define_method(:serializer) { JSON }
    object = handler.new
    object.send_object([1])
    object.receive_data(frame("[2]"))
    expect(object.log).to eq([[:send, frame("[1]")], [:object, [2]]])
  end

  it "refuses what cannot be loaded, and what is too long" do
    ["xyz", "", "\x04\b[\x04\xFF\xFF\xFF\x3F".b].each do |dump|
      object = handler.new
      object.receive_data(frame(dump) + frame(Marshal.dump(1)))
      expect(object.log).to match([[:error, /unreadable object/], [:close]])
    end
    object = handler.new
    object.receive_data([described_class::MaxObjectSize + 1].pack("N"))
    object.receive_data("x")
    expect(object.log).to eq([[:error, "overlength object"], [:close]])
  end

  it "refuses an object whose class cannot be loaded" do
    missing = Module.new { autoload :Missing, "/nonexistent/missing" }
    stub_const("ObjectProtocolSpecNames", missing)
    object = handler.new
    object.receive_data(frame("\x04\bc\x25ObjectProtocolSpecNames::Missing".b))
    expect(object.log).to match([[:error, /unreadable object: cannot load such file/], [:close]])
  end

  it "quotes a little of what cannot be loaded, as valid text" do
    handler.define_method(:serializer) { JSON }
    object = handler.new
    object.receive_data(frame("{\xFF#{'x' * 10_000}".b))
    message = object.log[0][1]
    expect(message).to start_with("unreadable object: ").and(be_valid_encoding)
    expect(message.size).to be <= 230
  end

  it "lets a class set its own limit" do
    handler.const_set(:MaxObjectSize, 10)
    object = handler.new
    object.receive_data([11].pack("N"))
    expect(object.log.last).to eq([:close])
  end
end
