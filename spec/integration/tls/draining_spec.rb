# frozen_string_literal: true

require "spec_helper"

RSpec.describe "TLS connections at their end", tls: true do
  let(:identity) { TLSAuthority.localhost.options }
  let(:much) { "x" * 4_000_000 }

  # A server that answers the first words with much, and closes.
  let(:answering) do
    { received: lambda do |server|
      next unless server.received == "first"

      server.send_data(much)
      server.close_connection_after_writing
    end }
  end

  # A client that says something, and does what the block says when the answer begins.
  def asking
    said = false
    { secured: ->(client) { client.send_data("first") },
      received: ->(client) { said ||= yield(client) || true } }
  end

  %i[tlsv1_2 tlsv1_3].each do |version|
    it "read on until all is written, by #{version}" do
      asks = asking { |client| client.send_data(", and more") }
      server, client = converse(server: identity, client: { ssl_version: version }, serves: answering, asks: asks)
      expect(server.received).to eq("first, and more")
      expect(client.received.bytesize).to eq(much.bytesize)
      expect([server.reason, client.reason]).to eq([nil, nil])
    end

    it "tell what came before a write fails, by #{version}" do
      asks = asking do |client|
        client.send_data(", and last")
        client.close_connection
      end
      server, = converse(server: identity, client: { ssl_version: version }, serves: answering, asks: asks)
      expect(server.received).to eq("first, and last")
      expect(server.events.last(2)).to eq(%i[received ended])
    end

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

  # Talks by OpenSSL over a socket, which can be cut off or spoilt.
  def talk_by_openssl(port)
    socket = TCPSocket.new("127.0.0.1", port)
    secure = OpenSSL::SSL::SSLSocket.new(socket)
    secure.connect
    secure.write("last words")
    yield socket, secure
  ensure
    socket.close
  end

  def told(serves = {}, &talk)
    server = nil
    em do
      meeting = TLSHelper::Meeting.new(1)
      port = listen("127.0.0.1", TLSHelper::End.of(identity, serves), meeting) { |made| server = made }
      Thread.new { talk_by_openssl(port, &talk) }
    end
    [server.received, server.reason]
  end

  it "tell the last words of a peer that cuts the connection off" do
    expect(told { |_, _| nil }).to eq(["last words", nil])
  end

  it "tell the last words of a peer that takes its leave" do
    expect(told { |_, secure| secure.send(:stop) }).to eq(["last words", nil])
  end

  it "tell the last words of a peer that then sends what is no TLS" do
    expect(told { |socket, _| socket.write("nonsense" * 10) }).to eq(["last words", Errno::EPROTO])
  end

  it "tell the last words of a peer that resets the connection while much is sent" do
    words, = told(secured: ->(server) { server.send_data(much) }) do |socket, _|
      socket.setsockopt(Socket::SOL_SOCKET, Socket::SO_LINGER, [0, 0].pack("ii"))
      socket.close_write
      IO.select([socket])
    end
    expect(words).to eq("last words")
  end
end
