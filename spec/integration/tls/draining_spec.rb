# frozen_string_literal: true

require "spec_helper"

RSpec.describe "TLS connections at their end", tls: true do
  let(:identity) { TLSAuthority.localhost.options }
  let(:much) { "x" * 16_000_000 }

  # Talks by OpenSSL over a socket, which can be cut off or spoilt.
  def talk_by_openssl(port, version)
    context = OpenSSL::SSL::SSLContext.new
    context.max_version = version if version
    socket = TCPSocket.new("127.0.0.1", port)
    secure = OpenSSL::SSL::SSLSocket.new(socket, context)
    secure.connect
    yield socket, secure
  ensure
    socket.close
  end

  # Serves what the block does in a thread.
  #
  # @return [Array(End, Object)] the server, and what the block has returned
  def serve_openssl(serves = {}, version = nil, &talk)
    server = thread = nil
    em do
      meeting = TLSHelper::Meeting.new(1)
      port = listen("127.0.0.1", TLSHelper::End.of(identity, serves), meeting) { |made| server = made }
      thread = Thread.new { talk_by_openssl(port, version, &talk) }
    end
    [server, thread.value]
  end

  # What a server does that has much to send, once it is asked.
  def sending(queue)
    { received: lambda do |server|
      next unless server.received == "first"

      server.send_data(much)
      yield server if block_given?
      queue << :sending
    end }
  end

  [OpenSSL::SSL::TLS1_2_VERSION, OpenSSL::SSL::TLS1_3_VERSION].each do |version|
    it "read on until all is written, by version #{version}" do
      queue = Queue.new
      told = Queue.new
      serves = sending(queue, &:close_connection_after_writing)
      answering = serves[:received]
      serves[:received] = lambda do |server|
        answering.call(server)
        told << server.received if server.received.end_with?("more")
      end
      server, size = serve_openssl(serves, version) do |_, secure|
        secure.write("first")
        queue.pop
        secure.write(", and more")
        told.pop
        secure.read.bytesize
      end
      expect([server.received, size, server.reason]).to eq(["first, and more", much.bytesize, nil])
    end

    it "tell what came before a write fails, by version #{version}" do
      queue = Queue.new
      server, = serve_openssl(sending(queue), version) do |_, secure|
        secure.write("first")
        queue.pop
        secure.write(", and last")
      end
      expect([server.received, server.events.last(2)]).to eq(["first, and last", %i[received ended]])
    end
  end

  %i[tlsv1_2 tlsv1_3].each do |version|
    it "tell what came while they were paused, and then the end, by #{version}" do
      serves = { secured: lambda do |server|
        server.pause
        EventMachine.add_timer(0.1) { server.resume }
      end }
      asks = { secured: lambda do |client|
        client.send_data("y" * 100_000)
        client.close_connection_after_writing
      end }
      server, = converse(server: identity, client: { ssl_version: version }, serves: serves, asks: asks)
      expect([server.received.bytesize, server.events.last(2)]).to eq([100_000, %i[received ended]])
      expect(server.reason).to be_nil
    end
  end

  # What is told of a peer that sends its last words and then does what the block says.
  def last_words
    server, = serve_openssl do |socket, secure|
      secure.write("last words")
      yield socket, secure
    end
    [server.received, server.reason]
  end

  it "tell the last words of a peer that cuts the connection off" do
    expect(last_words { |socket, _| socket.close_write }).to eq(["last words", nil])
  end

  it "tell the last words of a peer that takes its leave" do
    expect(last_words { |_, secure| secure.close }).to eq(["last words", nil])
  end

  it "tell the last words of a peer that then sends what is no TLS" do
    answer = nil
    told = last_words do |socket, _|
      socket.write("nonsense" * 10)
      answer = socket.read
    end
    expect(told).to eq(["last words", Errno::EPROTO])
    expect(answer).not_to be_empty
  end
end
