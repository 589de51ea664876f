# frozen_string_literal: true

require "digest"
require "stringio"
require "tempfile"

RSpec.describe "Sent files" do
  let(:port) { free_port }

  def file(content)
    Tempfile.create("em-send") do |file|
      file.binmode
      file.write(content)
      file.flush
      yield file.path
    end
  end

  # Returns what a client receives from the connection that the block writes to, and how the connection ended on
  # the server's side.
  def received(limit = ReactorHelper::LIMIT, client: {}, &serve)
    data = +""
    reason = :none
    server = Module.new do
      define_method(:post_init) { serve.call(self) }
      define_method(:unbind) { |why| reason = why }
    end
    receiver = Module.new do
      client.each { |name, body| define_method(name, &body) }
      define_method(:receive_data) { |piece| data << piece }
      define_method(:unbind) { EventMachine.next_tick { EventMachine.stop } }
    end
    em(limit) do
      EventMachine.start_server("127.0.0.1", port, server)
      EventMachine.connect("127.0.0.1", port, receiver)
    end
    [data, reason]
  end

  # The peer does not read until the block has been called.
  def reading_late
    act = -> { yield }
    { connection_completed: lambda {
      pause
      EventMachine.add_timer(0.1) do
        act.call
        resume
      end
    } }
  end

  def dechunk(data)
    chunks = []
    input = StringIO.new(data)
    while (size = input.gets("\r\n").to_i(16)).positive?
      chunks << input.read(size)
      expect(input.read(2)).to eq("\r\n")
    end
    expect(input.read).to eq("\r\n")
    chunks
  end

  describe "by send_file_data" do
    it "arrive whole and in order, whatever their size" do
      [0, 1, 5_000, 40_000, 65_537, 1_000_000].each do |size|
        content = Random.bytes(size)
        file(content) do |path|
          data, reason = received do |connection|
            connection.send_data("<")
            expect(connection.send_file_data(path)).to eq(0)
            connection.send_data(">")
            expect(connection.get_outbound_data_size).to eq(size + 2)
            connection.close_connection_after_writing
          end
          expect(data == "<#{content}>".b).to be(true)
          expect(reason).to be_nil
        end
      end
    end

    it "arrive under TLS as well, and in order" do
      content = Random.bytes(3_000_000)
      secure = { connection_completed: -> { start_tls } }
      file(content) do |path|
        data, reason = received(client: secure) do |connection|
          connection.start_tls
          connection.send_data("<")
          connection.send_file_data(path)
          connection.send_data(">")
          expect(connection.get_outbound_data_size).to eq(content.size + 2)
          connection.close_connection_after_writing
        end
        expect(data == "<#{content}>".b).to be(true)
        expect(reason).to be_nil
      end
    end

    it "are not held in memory", time_limit: 60 do
      content = Random.bytes(1 << 20)
      path = Tempfile.create("em-send").path
      File.open(path, "wb") { |file| 64.times { file.write(content) } }
      digest = Digest::SHA256.new
      64.times { digest << content }
      resident = -> { File.read("/proc/self/statm", encoding: "UTF-8").split[1].to_i * 4096 }
      before = resident.call
      growth = nil
      data, = received(30, client: reading_late { growth = resident.call - before }) do |connection|
        connection.send_file_data(path)
        connection.close_connection_after_writing
      end
      expect(Digest::SHA256.hexdigest(data)).to eq(digest.hexdigest)
      expect(growth).to be < 16 << 20
    ensure
      File.unlink(path)
    end

    it "end their connection, and nothing else, when they are made shorter meanwhile" do
      file(Random.bytes(20_000_000)) do |path|
        data, reason = received(client: reading_late { File.truncate(path, 10) }) do |connection|
          connection.send_file_data(path)
          connection.close_connection_after_writing
        end
        expect(reason).to eq(Errno::EIO)
        expect(data.size).to be < 20_000_000
      end
    end

    it "are refused with an IOError that names path and reason" do
      received do |connection|
        { "/nonexistent/file" => Errno::ENOENT, "/tmp" => Errno::EISDIR }.each do |path, reason|
          expect { connection.send_file_data(path) }.to raise_error(IOError, /#{path}.*#{reason.new.message}/)
        end
        expect { connection.send_file_data(nil) }.to raise_error(TypeError)
        expect { connection.send_file_data("a\0b") }.to raise_error(ArgumentError)
        expect(connection.get_outbound_data_size).to eq(0)
        connection.close_connection
      end
    end

    it "are of no use to a connection that is closed" do
      file("content") do |path|
        received do |connection|
          connection.close_connection
          expect(connection.send_file_data(path)).to eq(0)
        end
        em do
          expect(EventMachine.send_file_data(99_999, path)).to eq(0)
          done
        end
      end
    end
  end

  describe "by stream_file_data" do
    # Below the threshold for sending at once, at it, above it, and well above the backpressure level.
    sizes = [0, 1_000, 16_384, 16_385, 100_000, 2_000_000]

    sizes.each do |size|
      it "arrive whole, of #{size} bytes" do
        content = Random.bytes(size)
        file(content) do |path|
          data, = received do |connection|
            connection.stream_file_data(path).callback { connection.close_connection_after_writing }
          end
          expect(data == content).to be(true)
        end
      end

      it "arrive whole in HTTP chunks, of #{size} bytes" do
        content = Random.bytes(size)
        file(content) do |path|
          data, = received do |connection|
            streamer = connection.stream_file_data(path, http_chunks: true)
            streamer.callback { connection.close_connection_after_writing }
          end
          chunks = dechunk(data)
          expect(chunks.join == content).to be(true)
          expect(chunks.map(&:size).max.to_i).to be <= 16_384
        end
      end
    end

    it "fail when they are made shorter meanwhile" do
      failure = nil
      file(Random.bytes(20_000_000)) do |path|
        data, = received(client: reading_late { File.truncate(path, 10) }) do |connection|
          streamer = connection.stream_file_data(path)
          streamer.callback { connection.close_connection_after_writing }
          streamer.errback { |message| failure = message }
        end
        expect(data.size).to be < 20_000_000
        expect(failure).to include(SystemCallError.new(Errno::EIO::Errno).message, path)
      end
    end

    it "fail when they are not there" do
      failures = []
      received do |connection|
        connection.stream_file_data("/nonexistent/file").errback { |message| failures << message }
        connection.close_connection
      end
      expect(failures).to eq(["file not found"])
    end
  end

  it "may be any IO, by IOStreamer" do
    content = Random.bytes(1_000_000)
    data, = received do |connection|
      streamer = EventMachine::IOStreamer.new(connection, StringIO.new(content))
      streamer.callback { connection.close_connection_after_writing }
    end
    expect(data == content).to be(true)

    data, = received do |connection|
      streamer = EventMachine::IOStreamer.new(connection, StringIO.new(content), http_chunks: true)
      streamer.callback { connection.close_connection_after_writing }
    end
    expect(dechunk(data).join == content).to be(true)
  end

  describe EventMachine::FastFileReader::Mapper do
    let(:content) { Random.bytes(100_000) }

    around { |example| file(content) { |path| (@path = path) && example.run } }

    let(:mapper) { described_class.new(@path) }

    it "gives pieces of a file" do
      expect(mapper.size).to eq(100_000)
      expect(mapper.get_chunk(0, 100_000) == content).to be(true)
      expect(mapper.get_chunk(99_990, 10)).to eq(content[-10..])
      expect(mapper.get_chunk(5, 3)).to eq(content[5, 3])
      expect(mapper.get_chunk(0, 1).encoding).to eq(Encoding::BINARY)
      expect([mapper.get_chunk(7, 0), mapper.get_chunk(100_000, 0)]).to eq(["", ""])
    end

    it "refuses what is not in it" do
      [[99_991, 10], [100_000, 1], [100_001, 0], [-1, 1], [0, -1], [2**62, 2**62]].each do |start, length|
        expect { mapper.get_chunk(start, length) }.to raise_error(StandardError, /Mapper Range Error/)
      end
      expect { mapper.get_chunk(nil, 1) }.to raise_error(TypeError)
      expect { mapper.get_chunk(0, 2**70) }.to raise_error(RangeError)
    end

    it "gives nothing when it is closed, and closes twice" do
      expect([mapper.close, mapper.close]).to eq([nil, nil])
      expect(mapper.size).to eq(100_000)
      expect { mapper.get_chunk(0, 1) }.to raise_error(StandardError, /No Mapper Chunk/)
    end

    it "raises when the file was made shorter" do
      mapper
      File.truncate(@path, 10)
      expect(mapper.get_chunk(0, 10)).to eq(content[0, 10])
      expect { mapper.get_chunk(0, 11) }.to raise_error(Errno::EIO, /#{@path}/)
    end

    it "takes an empty file" do
      File.truncate(@path, 0)
      expect([mapper.size, mapper.get_chunk(0, 0)]).to eq([0, ""])
    end

    it "refuses what cannot be read, by name" do
      expect { described_class.new("/nonexistent/file") }.to raise_error(Errno::ENOENT, %r{/nonexistent/file})
      expect { described_class.new("/tmp") }.to raise_error(Errno::EISDIR)
      expect { described_class.new(nil) }.to raise_error(TypeError)
    end

    it "closes what is not closed when it is collected" do
      expect do
        20.times { described_class.new(@path).get_chunk(0, 1) }
        [described_class.new(@path)].each(&:close)
      end.to change { descriptors.size }.by_at_most(21)
      GC.start
      expect(descriptors.values.count(@path)).to be <= 3
    end
  end
end
