# frozen_string_literal: true

require "spec_helper"

RSpec.describe "Verification of TLS peers", tls: true do
  let(:root) { TLSAuthority.root }
  let(:trusting) { { verify: true, ca_file: root.file } }
  let(:untouched) { { secured: ->(_) { raise "the handshake was not to succeed" } } }

  def expect_refusal(server, client, reason, text, **rest)
    accepted, connected = converse(server: server, client: client, asks: untouched, **rest)
    expect([connected.reason, connected.error_text]).to match([reason, text])
    expect(accepted.received).to be_empty
    [accepted, connected]
  end

  %w[localhost 127.0.0.1].each do |host|
    %i[tlsv1_2 tlsv1_3].each do |version|
      it "finds nothing wrong with a certificate for #{host}, by #{version}" do
        expect_success(*converse(server: TLSAuthority.localhost.options,
                                 client: trusting.merge(ssl_version: version), to: host))
      end
    end
  end

  it "is a subclass of Errno::EPROTO by which a failure is told" do
    expect(EventMachine::CertificateError.superclass).to equal(Errno::EPROTO)
    expect(EventMachine::CertificateError::Expired.new.errno).to eq(Errno::EPROTO::Errno)
  end

  it "refuses a certificate that has expired, and tells when" do
    expired = root.issue(hosts: %w[localhost], lifetime: -7200..-3600)
    day = expired.certificate.not_after.utc.strftime("%Y-%m-%d %H:%M:%S UTC")
    expect_refusal(expired.options, trusting, EventMachine::CertificateError::Expired,
                   "the certificate expired on #{day}", to: "localhost")
  end

  it "refuses a certificate whose time has not come" do
    early = root.issue(hosts: %w[localhost], lifetime: 3600..7200)
    expect_refusal(early.options, trusting, EventMachine::CertificateError::NotYetValid,
                   /not valid before/, to: "localhost")
  end

  it "refuses a certificate of somebody unknown" do
    stranger = TLSAuthority.new("Stranger").issue(hosts: %w[localhost])
    expect_refusal(stranger.options, trusting, EventMachine::CertificateError::UnknownIssuer,
                   "the certificate's issuer is unknown", to: "localhost")
  end

  it "refuses the certificate that servers without one present" do
    expect_refusal({}, trusting, EventMachine::CertificateError::UnknownIssuer, /issuer is unknown/)
  end

  it "refuses a certificate for another host, and tells both names" do
    other = root.issue(hosts: %w[other.example more.example])
    expect_refusal(other.options, trusting, EventMachine::CertificateError::NameMismatch,
                   "the certificate is for other.example, more.example, not for localhost", to: "localhost")
  end

  it "refuses a certificate for another address, and tells both" do
    other = root.issue(hosts: %w[localhost 10.1.2.3])
    expect_refusal(other.options, trusting, EventMachine::CertificateError::NameMismatch,
                   /10\.1\.2\.3, not for 127\.0\.0\.1/)
  end

  it "checks the name of sni_hostname rather than the one connected to" do
    named = root.issue(hosts: %w[named.example])
    options = trusting.merge(sni_hostname: "named.example")
    server, client = converse(server: named.options, client: options)
    expect_success(server, client)
    expect_refusal(TLSAuthority.localhost.options, options, EventMachine::CertificateError::NameMismatch,
                   /not for named\.example/, to: "localhost")
  end

  it "lets a wildcard stand for one label only" do
    wild = root.issue(hosts: %w[*.wild.example])
    expect_success(*converse(server: wild.options, client: trusting.merge(sni_hostname: "a.wild.example")))
    expect_refusal(wild.options, trusting.merge(sni_hostname: "a.b.wild.example"),
                   EventMachine::CertificateError::NameMismatch, /\*\.wild\.example/)
  end

  it "refuses a certificate that is for clients" do
    client = root.issue(hosts: %w[localhost], usage: "clientAuth")
    expect_refusal(client.options, trusting, EventMachine::CertificateError::Untrusted, /.+/, to: "localhost")
  end

  it "refuses a certificate that the list of its issuer revokes, but no other" do
    good, bad = Array.new(2) { root.issue(hosts: %w[localhost]) }
    checking = trusting.merge(crl_file: root.revocation_list(bad))
    expect_success(*converse(server: good.options, client: checking, to: "localhost"))
    expect_refusal(bad.options, checking, EventMachine::CertificateError::Revoked,
                   "the certificate was revoked", to: "localhost")
  end

  it "refuses a certificate that is trusted itself where the list of its issuer, who is trusted too, revokes it" do
    bad = root.issue(hosts: %w[localhost])
    both = root.certificate.to_pem + bad.certificate.to_pem
    expect_success(*converse(server: bad.options, client: { verify: true, ca: both }, to: "localhost"))
    expect_refusal(bad.options, { verify: true, ca: both, crl_file: root.revocation_list(bad) },
                   EventMachine::CertificateError::Revoked, "the certificate was revoked", to: "localhost")
  end

  it "refuses a revocation list of a root that may not sign any" do
    unfit = TLSAuthority.new("Unfit", usage: "keyCertSign")
    issued = unfit.issue(hosts: %w[localhost])
    expect_success(*converse(server: issued.options, client: { verify: true, ca_file: unfit.file }, to: "localhost"))
    expect_refusal(issued.options, { verify: true, ca_file: unfit.file, crl_file: unfit.revocation_list },
                   EventMachine::CertificateError::Untrusted, /may not sign revocation lists/, to: "localhost")
  end

  it "refuses a revocation list that is out of date" do
    stale = trusting.merge(crl_file: root.revocation_list(lifetime: -7200..-3600))
    expect_refusal(TLSAuthority.localhost.options, stale, EventMachine::CertificateError::Untrusted,
                   /revocation list was to be renewed/, to: "localhost")
  end

  describe "by a chain" do
    let(:middle) { TLSAuthority.new("Middle", issuer: root) }
    let(:issued) { middle.issue(hosts: %w[localhost]) }

    it "follows it to the root" do
      expect_success(*converse(server: issued.options, client: trusting, to: "localhost"))
    end

    it "refuses it where a link is missing" do
      bare = { private_key: issued.key_pem, cert: issued.certificate.to_pem }
      expect_refusal(bare, trusting, EventMachine::CertificateError::UnknownIssuer,
                     "the certificate's issuer is unknown", to: "localhost")
    end

    it "refuses it where the leaf issues certificates itself" do
      usurper = TLSAuthority.new("Usurper", issuer: root, rightful: false)
      expect_refusal(usurper.issue(hosts: %w[localhost]).options, trusting,
                     EventMachine::CertificateError::Untrusted, /.+/, to: "localhost")
    end

    it "takes six links, and no more" do
      links = (1..6).inject([root]) do |chain, depth|
        chain << TLSAuthority.new("Link #{depth}", issuer: chain.last)
      end
      expect_success(*converse(server: links.last.issue(hosts: %w[localhost]).options, client: trusting,
                               to: "localhost"))
      one_more = TLSAuthority.new("Link 7", issuer: links.last)
      expect_refusal(one_more.issue(hosts: %w[localhost]).options, trusting,
                     EventMachine::CertificateError::Untrusted, "the certificate's chain is too long",
                     to: "localhost")
    end
  end

  describe "by what is trusted" do
    it "takes PEM" do
      expect_success(*converse(server: TLSAuthority.localhost.options,
                               client: { verify: true, ca: root.certificate.to_pem }, to: "localhost"))
    end

    it "takes a directory" do
      directory = Dir.mktmpdir("ca", TLSAuthority.directory)
      File.write(File.join(directory, "any-name.pem"), root.certificate.to_pem)
      File.write(File.join(directory, "README"), "not a certificate")
      expect_success(*converse(server: TLSAuthority.localhost.options,
                               client: { verify: true, ca_path: directory }, to: "localhost"))
    end

    it "takes a self-signed certificate itself" do
      alone = TLSAuthority.new("Alone")
      issued = alone.issue(hosts: %w[localhost])
      trusting_it = { verify: true, ca: issued.certificate.to_pem }
      expect_success(*converse(server: issued.options, client: trusting_it, to: "localhost"))
    end

    it "is the system's, which SSL_CERT_FILE replaces, where nothing else is given" do
      script = <<~RUBY
        server = Module.new do
          define_method(:post_init) { start_tls(private_key_file: ARGV[0], cert_chain_file: ARGV[1]) }
        end
        client = Module.new do
          def ssl_handshake_completed
            puts "secured"
            close_connection
          end

          def unbind(reason)
            p reason, ssl_verify_error
            EventMachine.stop
          end
        end
        EventMachine.run do
          serving = EventMachine.start_server("127.0.0.1", 0, server)
          port, = Socket.unpack_sockaddr_in(EventMachine.get_sockname(serving))
          EventMachine.connect("localhost", port, client) { |made| made.start_tls(verify: true) }
        end
      RUBY
      issued = TLSAuthority.localhost
      outputs = [root, TLSAuthority.new("Alone")].map(&:file).map do |file|
        run_ruby(script, issued.key_file, issued.chain_file, env: { "SSL_CERT_FILE" => file }).first
      end
      expect(outputs).to eq(["secured\nnil\nnil\n",
                             "EventMachine::CertificateError::UnknownIssuer\n" \
                             "\"the certificate's issuer is unknown\"\n"])
    end
  end

  describe "of clients" do
    let(:demanding) { TLSAuthority.localhost.options.merge(trusting) }

    %i[tlsv1_2 tlsv1_3].each do |version|
      it "lets those in whose certificate holds, by #{version}" do
        expect_success(*converse(server: demanding,
                                 client: TLSAuthority.client.options.merge(ssl_version: version)))
      end

      it "refuses those without one, by #{version}" do
        server, = converse(server: demanding, client: { ssl_version: version }, asks: {})
        expect([server.reason, server.error_text])
          .to eq([EventMachine::CertificateError::Missing, "the peer sent no certificate"])
        expect(server).not_to be_secured
      end
    end

    it "refuses those of somebody unknown" do
      stranger = TLSAuthority.new("Stranger").issue(name: "client", usage: "clientAuth")
      server, = converse(server: demanding, client: stranger.options, asks: {})
      expect(server.reason).to eq(EventMachine::CertificateError::UnknownIssuer)
    end

    it "tells the client that it was refused" do
      _, client = converse(server: demanding, asks: {})
      expect([client.reason, client.error_text])
        .to eq([Errno::EPROTO, "the peer refused: certificate required"])
    end

    it "wants to know whom to trust" do
      server = TLSAuthority.localhost.options.merge(verify: true)
      expect { converse(server: server) }.to raise_error(EventMachine::BadParams, /ca_file, ca_path or ca/)
    end
  end

  it "goes with ssl_verify_peer, which is asked once the certificate holds" do
    server, client = converse(server: TLSAuthority.localhost.options, to: "localhost",
                              client: trusting.merge(verify_peer: true),
                              asks: ping.merge(verifying: ->(_) { true }))
    expect_success(server, client)
    expect(client.certificates).to eq([TLSAuthority.localhost.certificate.to_pem])
    _, refusing = expect_refusal({}, trusting.merge(verify_peer: true),
                                 EventMachine::CertificateError::UnknownIssuer, /unknown/)
    expect(refusing.certificates).to be_empty
  end

  it "is not done unless it is asked for" do
    stranger = TLSAuthority.new("Stranger").issue(hosts: %w[other.example], lifetime: -7200..-3600)
    expect_success(*converse(server: stranger.options, client: { ca_file: root.file }))
  end

  it "wants a name to check" do
    socket, peer = UNIXSocket.pair
    em do
      connection = EventMachine.attach(socket, EventMachine::Connection)
      expect { connection.start_tls(trusting) }.to raise_error(EventMachine::BadParams, /no host name/)
      done
    end
  ensure
    peer&.close
  end

  { "an empty file" => "", "no certificate" => "text", "a damaged one" =>
    "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" }.each do |what, content|
    it "refuses #{what} to trust" do
      file = TLSAuthority.file(content)
      expect { converse(client: { verify: true, ca_file: file }) }
        .to raise_error(EventMachine::BadParams, /trust/)
    end

    it "refuses #{what} as a revocation list" do
      file = TLSAuthority.file(content)
      expect { converse(client: trusting.merge(crl_file: file)) }.to raise_error(EventMachine::BadParams)
    end
  end
end
