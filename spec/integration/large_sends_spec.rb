# frozen_string_literal: true

require "tempfile"

# Long strings are sent in place, without a copy. Whatever an application does to them meanwhile must not matter.
RSpec.describe "Long strings that are sent" do
  let(:long) { Random.new(1).bytes(3_000_000) }

  # Sends data in the block to a peer that reads only after the block. Returns what the peer has read.
  def received
    reader = Thread.new { server.accept.read }
    em do
      EventMachine.connect("127.0.0.1", server.addr[1]) do |connection|
        connection.define_singleton_method(:connection_completed) do
          yield connection
          close_connection_after_writing
        end
        connection.define_singleton_method(:unbind) { EventMachine.stop }
      end
    end
    reader.value
  end

  let(:server) { TCPServer.new("127.0.0.1", 0) }

  after { server.close }

  it "arrive in order with short ones before, between and after them" do
    pieces = Array.new(60) { |index| long.byteslice(index * 1000, index.even? ? 50 : 40_000 + index) }
    data = received { |connection| pieces.each { |piece| connection.send_data(piece) } }
    expect(data == pieces.join).to be(true)
  end

  it "arrive as they were when they were sent, whatever becomes of them" do
    data = received do |connection|
      buffer = long.dup
      connection.send_data(buffer)
      buffer.setbyte(0, buffer.getbyte(0) ^ 1)
      buffer.replace("x" * buffer.bytesize)
      connection.send_data(buffer)
      buffer.clear
    end
    expect(data == long + "x" * long.bytesize).to be(true)
  end

  # Compaction is tested in spec/gc, in separate processes: other extensions that are loaded here do not support it.
  it "arrive when nothing else holds them, over collections" do
    data = received do |connection|
      20.times { |index| connection.send_data(index.chr * 200_000) }
      EventMachine.next_tick { GC.start }
      GC.start
      Array.new(200) { "y" * 100_000 }
    end
    expect(data == Array.new(20) { |index| index.chr * 200_000 }.join).to be(true)
  end

  it "are sent up to the size that is given" do
    data = received do |connection|
      EventMachine.send_data(connection.signature, long, 40_000)
      EventMachine.send_data(connection.signature, "short", 1_000_000)
    end
    expect(data == "#{long.byteslice(0, 40_000)}short".b).to be(true)
  end

  it "count as outbound data until they are written" do
    size = nil
    received do |connection|
      connection.send_data(long)
      size = connection.get_outbound_data_size
    end
    expect(size).to eq(long.bytesize)
  end

  it "are let go once they are sent, or their connection is gone" do
    sent = Class.new(String)
    received { |connection| 10.times { connection.send_data(sent.new("z" * 100_000)) } }
    em do
      EventMachine.connect("127.0.0.1", server.addr[1]) do |connection|
        10.times { connection.send_data(sent.new("z" * 1_000_000)) }
        connection.define_singleton_method(:unbind) { EventMachine.stop }
        connection.close_connection
      end
    end
    GC.start
    # One may still be seen on the stack.
    expect(ObjectSpace.each_object(sent).count).to be <= 2
  end

  it "are written as far as they can be when the loop is stopped" do
    Tempfile.create("sent") do |file|
      em do
        EventMachine.attach(file).send_data(long)
        EventMachine.stop
      end
      expect(File.size(file.path)).to eq(long.bytesize)
    end
  end

  it "are not taken by connections that are closing or unknown" do
    answers = []
    received do |connection|
      connection.close_connection_after_writing
      answers << connection.send_data(long) << EventMachine.send_data(12_345, long, long.bytesize)
    end
    expect(answers).to eq([0, -1])
  end
end
