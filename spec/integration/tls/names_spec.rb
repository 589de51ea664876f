# frozen_string_literal: true

require "spec_helper"

RSpec.describe "TLS servers for several names", tls: true do
  let(:default) { TLSAuthority.root.issue(hosts: %w[default.example]) }
  let(:one) { TLSAuthority.root.issue(hosts: %w[one.example], key: TLSAuthority.key(:rsa2048)) }
  let(:wild) { TLSAuthority.root.issue(hosts: %w[*.wild.example]) }
  let(:by_name) do
    default.options.merge(certificates: { "one.example" => one.options, "*.wild.example" => wild.options })
  end

  # The common name of the certificate that a client gets when it asks for a host.
  def shown(server, host, **more)
    subject = nil
    look = lambda do |client|
      subject = OpenSSL::X509::Certificate.new(client.get_peer_cert).subject.to_s
      client.close_connection
    end
    _, client = converse(server: server, client: { sni_hostname: host, **more }, asks: { secured: look })
    subject || [client.reason, client.error_text]
  end

  %i[tlsv1_2 tlsv1_3].each do |version|
    it "pick the certificate by the name, by #{version}" do
      names = ["one.example", "ONE.example", "a.wild.example", "a.b.wild.example", "other.example", nil]
      subjects = names.map { |name| shown(by_name, name, ssl_version: version) }
      expect(subjects).to eq(%w[one.example one.example *.wild.example default.example default.example
                                default.example].map { |name| "/CN=#{name}" })
    end

    it "ask what can be called, by #{version}" do
      asked = []
      chooser = lambda do |host|
        asked << host
        { "one.example" => one.options, "a.wild.example" => wild.options }[host]
      end
      server = default.options.merge(certificates: chooser)
      subjects = ["one.example", "a.wild.example", "other.example", nil].map do |name|
        shown(server, name, ssl_version: version)
      end
      expect(subjects).to eq(%w[/CN=one.example /CN=*.wild.example /CN=default.example /CN=default.example])
      expect(asked).to eq(["one.example", "a.wild.example", "other.example", nil])
    end
  end

  it "go on as ever once the certificate is chosen" do
    server = default.options.merge(certificates: ->(_) { one.options }, alpn: ["h2"], verify: true,
                                   ca_file: TLSAuthority.root.file)
    client = TLSAuthority.client.options.merge(verify: true, ca_file: TLSAuthority.root.file, alpn: ["h2"],
                                               sni_hostname: "one.example")
    accepted, connected = converse(server: server, client: client)
    expect_success(accepted, connected)
    expect(accepted.events).to eq(%i[accepted secured received ended])
  end

  it "may be closed while they choose" do
    server = nil
    choose = lambda do |_|
      server.close_connection
      one.options
    end
    accepted, connected = converse(server: { certificates: choose },
                                   serves: { accepted: ->(made) { server = made } })
    expect([accepted.events, accepted.reason, connected.reason]).to eq([%i[accepted ended], nil, nil])
  end

  {
    "a file that is missing" => [{ private_key_file: "/nowhere", cert_chain_file: "/nowhere" },
                                 EventMachine::FileNotFoundException, /nowhere/],
    "no certificate" => [{}, EventMachine::BadParams, /none for "one.example"/],
    "something else" => [42, TypeError, /42/],
    "a key that cannot be read" => [{ private_key: "x", cert: "y" }, EventMachine::InvalidPrivateKey, /key/]
  }.each do |what, (answer, error, message)|
    it "raise when they are answered #{what}" do
      server = default.options.merge(certificates: ->(_) { answer })
      expect { shown(server, "one.example") }.to raise_error(error, message)
    end
  end

  it "end a connection for which the choice raises, and tell the error handler" do
    errors = []
    EventMachine.error_handler { |error| errors << error.message }
    server = default.options.merge(certificates: ->(_) { raise "nobody" })
    expect(shown(server, "one.example")).to eq([Errno::EPROTO, "the peer refused: internal error"])
    expect(errors).to eq(["nobody"])
  end

  it "are offered key exchange that withstands quantum computers" do
    skip "ring lacks it" unless EventMachine.tls_provider == "aws-lc-rs"

    server, = converse(server: nil, client: {}, serves: { received: lambda(&:close_connection) }, asks: {})
    # X25519MLKEM768 among the groups.
    expect(server.received.b).to include("\x11\xec".b)
  end

  it "tell the name that the client asked for" do
    told = nil
    converse(server: default.options, client: { sni_hostname: "asked.example" },
             serves: { secured: ->(server) { told = server.get_sni_hostname } },
             asks: { secured: ->(client) { EventMachine.add_timer(0.05) { client.close_connection } } })
    expect(told).to eq("asked.example")
  end

  describe "and protocols" do
    def agreed(server, client)
      protocols = []
      note = ->(connection) { protocols << connection.get_alpn_protocol }
      greet = lambda do |connection|
        note[connection]
        connection.send_data("ping")
      end
      ends = converse(server: default.options.merge(server), client: client,
                      serves: pong.merge(secured: note), asks: ping.merge(secured: greet))
      [protocols, ends.map(&:reason), ends.map(&:error_text)]
    end

    it "agree on the server's first choice among the client's" do
      protocols, = agreed({ alpn: %w[h2 http/1.1] }, { alpn: %w[spdy http/1.1 h2] })
      expect(protocols).to eq(%w[h2 h2])
    end

    it "take one as a String" do
      protocols, = agreed({ alpn: "smtp" }, { alpn: "smtp" })
      expect(protocols).to eq(%w[smtp smtp])
    end

    it "have none where one side does not care" do
      expect(agreed({ alpn: ["h2"] }, {}).first).to eq([nil, nil])
      expect(agreed({}, { alpn: ["h2"] }).first).to eq([nil, nil])
    end

    it "end where they have none in common" do
      protocols, reasons, texts = agreed({ alpn: ["h2"] }, { alpn: ["imap"] })
      expect([protocols, reasons]).to eq([[], [Errno::EPROTO] * 2])
      expect(texts).to eq(["no application protocol in common (alpn)",
                           "the peer refused: no application protocol"])
    end
  end
end
