# frozen_string_literal: true

require "spec_helper"

RSpec.describe "TLS sessions", tls: true do
  let(:identity) { TLSAuthority.localhost.options }

  def s_client(*options)
    ["openssl", "s_client", "-connect", "127.0.0.1:PORT", *options]
  end

  let(:farewell) do
    { received: lambda do |server|
      server.send_data("bye\n")
      server.close_connection_after_writing
    end }
  end

  def resumed(options, version)
    file = File.join(TLSAuthority.directory, "session-#{rand(1 << 60)}")
    against(options, farewell.merge(verifying: ->(_) { true }),
            [s_client(version, "-ign_eof", "-sess_out", file), "hello\n"],
            [s_client(version, "-ign_eof", "-sess_in", file), "hello\n"])
  end

  it "are taken up again by TLS 1.3" do
    first, second = resumed(identity, "-tls1_3")
    expect(first).to match(/^New, TLSv1\.3/)
    expect(second).to match(/^Reused, TLSv1\.3/)
  end

  it "are not taken up again where ssl_verify_peer is to judge" do
    first, second = resumed(identity.merge(verify_peer: true), "-tls1_3")
    expect(first).to match(/^New, TLSv1\.3/)
    # There was no session to be kept.
    expect(second).to start_with("Can't open session file")
  end

  it "have ssl_verify_peer called for each of many connections" do
    calls = 0
    count = lambda do |_|
      calls += 1
      true
    end
    10.times do
      converse(server: identity, client: { verify_peer: true, sni_hostname: "localhost" },
               asks: ping.merge(verifying: count))
    end
    expect(calls).to eq(10)
  end

  it "are verified also when they are taken up by a client that verifies" do
    trusting = { verify: true, ca_file: TLSAuthority.root.file, sni_hostname: "localhost" }
    expect_success(*converse(server: identity, client: trusting))
    stranger = TLSAuthority.new("Stranger").issue(hosts: %w[localhost])
    _, client = converse(server: stranger.options, client: trusting)
    expect(client.reason).to eq(EventMachine::CertificateError::UnknownIssuer)
  end

  it "are not renegotiated" do
    output, = against(identity, farewell, [s_client("-tls1_2"), "R\nhello\n"])
    expect(output).to include("RENEGOTIATING")
    expect(output).to match(/no renegotiation/i)
  end

  describe "in SSLKEYLOGFILE" do
    let(:script) do
      <<~RUBY
        identity = { private_key_file: ARGV[0], cert_chain_file: ARGV[1] }
        client = Module.new do
          define_method(:post_init) { start_tls(keylog: ARGV[2] == "log") }
          define_method(:ssl_handshake_completed) { EventMachine.stop }
        end
        EventMachine.run do
          server = Module.new { define_method(:post_init) { start_tls(identity) } }
          signature = EventMachine.start_server("127.0.0.1", 0, server)
          port, = Socket.unpack_sockaddr_in(EventMachine.get_sockname(signature))
          EventMachine.connect("127.0.0.1", port, client)
        end
      RUBY
    end

    def logged(*arguments)
      file = File.join(TLSAuthority.directory, "keys-#{rand(1 << 60)}")
      issued = TLSAuthority.localhost
      output, status = run_ruby(script, issued.key_file, issued.chain_file, *arguments,
                                env: { "SSLKEYLOGFILE" => file })
      expect([output, status]).to match(["", be_success])
      File.exist?(file) ? File.read(file, encoding: "UTF-8") : ""
    end

    it "leave their secrets when that is asked for" do
      expect(logged("log")).to match(/^CLIENT_HANDSHAKE_TRAFFIC_SECRET \h{64} \h+$/)
    end

    it "leave none otherwise" do
      expect(logged("nothing")).to eq("")
    end
  end
end
