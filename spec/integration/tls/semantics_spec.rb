# frozen_string_literal: true

require "spec_helper"

RSpec.describe "Connections under TLS", tls: true do
  let(:identity) { TLSAuthority.localhost.options }

  # A client of Ruby's own openssl, in a thread of its own.
  def openssl_client(port)
    socket = TCPSocket.new("127.0.0.1", port)
    OpenSSL::SSL::SSLSocket.new(socket, OpenSSL::SSL::SSLContext.new).tap(&:connect)
  end

  # Serves another client; its block runs in a thread and returns the outcome.
  def serve(doings, options: identity)
    meeting = TLSHelper::Meeting.new(2)
    server = outcome = nil
    em do
      port = listen("127.0.0.1", TLSHelper::End.of(options, doings), meeting) { |made| server = made }
      EventMachine.defer(-> { yield port }, lambda { |result|
        outcome = result
        meeting.leave
      })
    end
    [server, outcome]
  end

  %i[tlsv1_2 tlsv1_3].each do |version|
    it "call back in order, by #{version}" do
      server, client = converse(server: identity, client: { verify_peer: true, ssl_version: version },
                                asks: ping.merge(verifying: ->(_) { true }))
      expect(server.events).to eq(%i[accepted secured received ended])
      expect(client.events).to eq(%i[accepted connected verifying secured received ended])
    end

    it "tell protocol, cipher and certificate, by #{version}" do
      told = nil
      ask = lambda do |client|
        told = [client.get_cipher_protocol, client.get_cipher_name, client.get_cipher_bits,
                client.get_peer_cert]
        client.close_connection
      end
      converse(server: identity, client: { ssl_version: version }, asks: { secured: ask })
      name = version == :tlsv1_3 ? "TLS_AES_256_GCM_SHA384" : "ECDHE-ECDSA-AES256-GCM-SHA384"
      expect(told).to eq([version == :tlsv1_3 ? "TLSv1.3" : "TLSv1.2", name, 256,
                          TLSAuthority.localhost.certificate.to_pem])
    end
  end

  it "tell nothing where there is no TLS" do
    told = nil
    ask = lambda do |client|
      told = [client.get_cipher_protocol, client.get_cipher_name, client.get_cipher_bits,
              client.get_peer_cert, client.get_sni_hostname, client.get_alpn_protocol,
              client.ssl_verify_error]
      client.close_connection
    end
    converse(server: nil, client: nil, asks: { connected: ask })
    expect(told).to all(be_nil)
  end

  it "count what is sent as soon as it is, so that a sender can wait" do
    sizes = []
    send = lambda do |client|
      client.set_outbound_limits(high: 20_000)
      2.times do
        client.send_data("x" * 15_000)
        sizes << client.get_outbound_data_size << client.outbound_full?
      end
      client.close_connection
    end
    server, = converse(server: identity, serves: {}, asks: { secured: send })
    expect(sizes).to match([be_between(15_000, 16_000), false, be_between(30_000, 32_000), true])
    expect(server.received.bytesize).to eq(30_000)
  end

  describe "before the handshake is done" do
    it "queue what is sent, and count it" do
      size = nil
      greet = lambda do |client|
        client.send_data("x" * 100_000)
        size = client.get_outbound_data_size
      end
      server, = converse(server: identity, asks: { accepted: greet },
                         serves: { received: ->(s) { s.close_connection if s.received.bytesize == 100_000 } })
      expect(size).to be >= 100_000
      expect(server.events).to eq(%i[accepted secured received ended])
    end

    it "send what is queued, then close, when that is asked for" do
      greet = lambda do |client|
        client.send_data("last words")
        client.close_connection_after_writing
      end
      server, client = converse(server: identity, serves: {}, asks: { connected: greet })
      expect([server.received, server.reason, client.reason]).to eq(["last words", nil, nil])
    end

    it "send a server's greeting as soon as it is done" do
      server, client = converse(server: identity, serves: { accepted: ->(s) { s.send_data("welcome") } },
                                asks: { received: ->(c) { c.close_connection } })
      expect(client.events).to eq(%i[accepted connected secured received ended])
      expect([client.received, server.reason]).to eq(["welcome", nil])
    end

    it "drop what is queued when they are closed" do
      greet = lambda do |client|
        client.send_data("never")
        client.close_connection
      end
      server, client = converse(server: identity, asks: { connected: greet })
      expect([server.received, server.reason, client.reason]).to eq(["", nil, nil])
    end

    it "take the peer's going as an end without a reason, and say so as text" do
      server, = converse(server: identity, client: nil, asks: { connected: ->(c) { c.close_connection } })
      expect([server.reason, server.error_text])
        .to eq([nil, "the peer closed the connection during the handshake"])
    end
  end

  describe "that are closed" do
    let(:answer) do
      { received: lambda do |server|
        server.send_data("answer" * 100_000)
        server.close_connection_after_writing
      end }
    end

    it "after writing announce the end" do
      _, outcome = serve(answer) do |port|
        client = openssl_client(port)
        client.write("question")
        client.read.bytesize
      end
      expect(outcome).to eq(600_000)
    end

    it "at once do not" do
      _, outcome = serve({ received: lambda(&:close_connection) }) do |port|
        client = openssl_client(port)
        client.write("question")
        begin
          client.read
        rescue SystemCallError, OpenSSL::SSL::SSLError => error
          error
        end
      end
      expect(outcome).to be_a(OpenSSL::SSL::SSLError).or be_a(SystemCallError)
    end

    it "by a peer that does not announce it end without a reason" do
      server, = serve({}) do |port|
        client = openssl_client(port)
        client.write("cut o")
        client.to_io.close
      end
      expect([server.received, server.reason, server.error_text]).to eq(["cut o", nil, nil])
    end

    it "by a peer that only sends no more get their data out first" do
      _, outcome = serve({ received: ->(server) { server.send_data("z" * 5_000_000) } }) do |port|
        client = openssl_client(port)
        client.write("q")
        client.to_io.shutdown(Socket::SHUT_WR)
        client.read.bytesize
      end
      expect(outcome).to eq(5_000_000)
    end

    it "are not so by a peer's announcement that it sends no more" do
      ended = nil
      look = lambda do |server|
        EventMachine.add_timer(0.1) do
          ended = server.events.include?(:ended)
          server.close_connection
        end
      end
      serve({ received: look }) do |port|
        client = openssl_client(port)
        client.write("q")
        client.__send__(:stop)
        client.to_io.read
      end
      expect(ended).to be(false)
    end
  end

  describe "with a time limit" do
    def seconds
      started = Process.clock_gettime(Process::CLOCK_MONOTONIC)
      yield
      Process.clock_gettime(Process::CLOCK_MONOTONIC) - started
    end

    it "end by comm_inactivity_timeout once, not twice, that time is over" do
      limited = { secured: ->(client) { client.comm_inactivity_timeout = 0.3 } }
      client = nil
      expect(seconds { _, client = converse(server: identity, asks: limited) }).to be_between(0.3, 0.55)
      expect(client.reason).to eq(Errno::ETIMEDOUT)
    end

    it "end by pending_connect_timeout where the server stalls the handshake" do
      limited = { accepted: ->(client) { client.pending_connect_timeout = 0.2 } }
      client = nil
      expect(seconds { _, client = converse(server: nil, serves: {}, asks: limited) }).to be_between(0.2, 1)
      expect([client.reason, client.events]).to eq([Errno::ETIMEDOUT, %i[accepted connected ended]])
    end

    it "end by pending_connect_timeout where the client stalls the handshake" do
      limited = { accepted: ->(server) { server.pending_connect_timeout = 0.2 } }
      server, = converse(server: identity, client: nil, serves: limited, asks: {})
      expect(server.reason).to eq(Errno::ETIMEDOUT)
    end

    it "end by comm_inactivity_timeout where the client stalls the handshake half-way" do
      limited = { accepted: ->(server) { server.comm_inactivity_timeout = 0.2 } }
      server, = converse(server: identity, client: nil, serves: limited,
                         asks: { connected: ->(client) { client.send_data("\x16\x03\x01\x02\x00\x01") } })
      expect(server.reason).to eq(Errno::ETIMEDOUT)
    end

    it "do not end by pending_connect_timeout once the handshake is done" do
      patient = { accepted: ->(client) { client.pending_connect_timeout = 0.2 },
                  secured: ->(client) { EventMachine.add_timer(0.4) { client.close_connection } } }
      _, client = converse(server: identity, asks: patient)
      expect(client.reason).to be_nil
    end
  end

  describe "that verify by ssl_verify_peer" do
    let(:verifying) { { verify_peer: true } }

    [false, nil].each do |answer|
      it "end with Errno::EPROTO when it answers #{answer.inspect}, and the peer's without a reason" do
        server, client = converse(server: identity, client: verifying, asks: { verifying: ->(_) { answer } })
        expect([client.reason, server.reason]).to eq([Errno::EPROTO, nil])
        expect(client.error_text).to eq("the peer's certificate was not accepted")
        expect([client, server].map(&:secured?)).to eq([false, false])
      end
    end

    it "get every certificate, from the top of the chain down" do
      middle = TLSAuthority.new("Middle", issuer: TLSAuthority.root)
      issued = middle.issue(hosts: %w[localhost])
      _, client = converse(server: issued.options, client: verifying,
                           asks: ping.merge(verifying: ->(_) { true }))
      expect(client.certificates).to eq([middle.certificate, issued.certificate].map(&:to_pem))
    end

    it "let its exceptions out of EventMachine.run" do
      expect { converse(server: identity, client: verifying, asks: { verifying: ->(_) { raise "no!" } }) }
        .to raise_error(RuntimeError, "no!")
    end

    it "give its exceptions to the error handler, and end" do
      errors = []
      EventMachine.error_handler { |error| errors << error.message }
      _, client = converse(server: identity, client: verifying, asks: { verifying: ->(_) { raise "no!" } })
      expect([errors, client.reason]).to eq([["no!"], Errno::EPROTO])
    end

    it "may be closed in it" do
      close = lambda do |client|
        client.close_connection
        true
      end
      server, client = converse(server: identity, client: verifying, asks: { verifying: close })
      expect([client.reason, client.secured?, server.secured?]).to eq([nil, false, false])
    end

    it "may be sent to in it" do
      greet = lambda do |client|
        client.send_data("ping")
        true
      end
      server, client = converse(server: identity, client: verifying,
                                asks: ping.merge(verifying: greet, secured: nil))
      expect_success(server, client)
    end

    it "ask a client that has a certificate, and let another pass" do
      accepting = pong.merge(verifying: ->(_) { true })
      server, = converse(server: identity.merge(verifying), client: TLSAuthority.client.options,
                         serves: accepting)
      expect(server.certificates).to eq([TLSAuthority.client.certificate.to_pem])
      expect_success(*converse(server: identity.merge(verifying), serves: accepting))
    end

    it "refuse a client without one where that is asked for" do
      server, = converse(server: identity.merge(verifying, fail_if_no_peer_cert: true), asks: {})
      expect([server.reason, server.error_text]).to eq([Errno::EPROTO, "the peer sent no certificate"])
    end
  end

  describe "that are closed in ssl_handshake_completed" do
    it "end without a reason" do
      server, client = converse(server: identity, asks: { secured: lambda(&:close_connection) })
      expect([server.reason, client.reason, client.events.last(2)]).to eq([nil, nil, %i[secured ended]])
    end

    it "send what is to be sent first" do
      leave = lambda do |client|
        client.send_data("bye")
        client.close_connection_after_writing
      end
      server, = converse(server: identity, asks: { secured: leave })
      expect(server.received).to eq("bye")
    end
  end

  describe "that are told to start TLS" do
    it "again go on as they are" do
      again = ->(client) { client.start_tls(ssl_version: :tlsv1_2) && client.send_data("ping") }
      twice = ping.merge(secured: ->(client) { again[client] || client.send_data("ping") },
                         connected: ->(client) { client.start_tls })
      expect_success(*converse(server: identity, asks: twice))
    end

    it "once they are closed do nothing" do
      late = ->(client) { expect(client.start_tls).to be_nil }
      server, client = converse(server: identity, asks: { secured: lambda(&:close_connection), ended: late })
      expect([server.reason, client.reason]).to eq([nil, nil])
      em do
        expect(client.start_tls(verify: true)).to be_nil
        done
      end
    end
  end

  it "hold back what comes while they are paused" do
    seen = nil
    hold = lambda do |server|
      server.pause
      EventMachine.add_timer(0.1) do
        seen = server.received.dup
        server.resume
      end
    end
    server, client = converse(server: identity, serves: pong.merge(secured: hold))
    expect(seen).to eq("")
    expect_success(server, client)
  end

  it "go on with the handshake when they are resumed" do
    hold = lambda do |server|
      server.pause
      EventMachine.add_timer(0.1) { server.resume }
    end
    expect_success(*converse(server: identity, serves: pong.merge(accepted: hold)))
  end

  it "are proxied both ways, each by its own session" do
    relay = lambda do |server|
      backend = EventMachine.connect("127.0.0.1", @backend, Module.new do
        define_method(:connection_completed) { start_tls }
        define_method(:ssl_handshake_completed) { EventMachine.enable_proxy(self, server) }
      end)
      EventMachine.enable_proxy(server, backend)
    end
    digest = Digest::SHA256.new
    received = 0
    payload = Random.new(7).bytes(1_000_000)
    take = lambda do |client|
      received = client.received.bytesize
      client.close_connection if received >= payload.bytesize
    end
    echo = { received: ->(server) { server.send_data(server.received) && server.received.clear } }
    greet = lambda do |server|
      @backend = listen("127.0.0.1", TLSHelper::End.of(identity, echo), TLSHelper::Meeting.new(99))
      relay[server]
    end
    _, client = converse(server: identity, serves: { accepted: greet },
                         asks: { secured: ->(c) { c.send_data(payload) }, received: take })
    digest << client.received
    expect(digest).to eq(Digest::SHA256.new << payload)
  end
end
