# frozen_string_literal: true

require "spec_helper"
require_relative "../../support/tls_chains"

RSpec.describe "ssl_verify_error", tls: true do
  include TLSCertificates

  let(:root) { make("Root", :root) }
  let(:trusting) { { verify: true, ca: root.to_pem, sni_hostname: "peer.test" } }

  def presenting(own, *issuers)
    { private_key: TLSCertificates.key_of(own).private_to_pem,
      cert_chain_file: TLSAuthority.file([own, *issuers].map(&:to_pem).join) }
  end

  # What the client says of a server that presents these.
  def said_of(own, *issuers, client: trusting)
    converse(server: presenting(own, *issuers), client: client, asks: {}).last.error_text
  end

  # A certificate for hosts of any bytes.
  def naming(*hosts)
    names = hosts.map { |host| OpenSSL::ASN1::IA5String.new(host, 2, :IMPLICIT, :CONTEXT_SPECIFIC) }
    change = { "subjectAltName" => nil, "2.5.29.17" => [OpenSSL::ASN1::Sequence(names).to_der, false] }
    make("Own", :own, issuer: root, change: TLSChains::OWN.merge(change))
  end

  {
    ["a.example", "*.b.example"] => "a.example, *.b.example",
    ["a\n\r\t\e[2J\a.example"] => "a?????2J?.example",
    ["a\0b.example"] => "a?b.example",
    ["\u202e\u2028\u200b"] => "?????????",
    ["\x9b1m\xff".b] => "?1m?",
    ["a, not for peer.test\"')"] => "a??not?for?peer.test???",
    ["a" * 5000] => "#{'a' * 64}...",
    Array.new(1000) { |index| "#{index}.example" } =>
      "0.example, 1.example, 2.example, 3.example, 4.example, 5.example, 6.example, 7.example, 992 more"
  }.each do |hosts, shown|
    it "tells #{hosts.first(2).inspect.byteslice(0, 40)} in one harmless line" do
      expect(said_of(naming(*hosts))).to eq("the certificate is for #{shown}, not for peer.test")
    end
  end

  it "tells SHA-1, of the certificate and of an issuer's" do
    own = make("Own", :own, issuer: root, change: TLSChains::OWN.merge(digest: "SHA1"))
    expect(said_of(own)).to eq("the certificate is signed with SHA-1")
    middle = make("Middle", :middle, issuer: root, change: { digest: "SHA1" })
    expect(said_of(make("Own", :own, issuer: middle, change: TLSChains::OWN), middle))
      .to eq("an issuer's certificate is signed with SHA-1")
  end

  it "tells a small RSA key of an issuer" do
    small = make("Small", :rsa1024, issuer: root)
    expect(said_of(make("Own", :own, issuer: small, change: TLSChains::OWN), small))
      .to eq("an issuer's certificate has an RSA key of 1024 bits, fewer than 2048")
  end

  # Serves by OpenSSL, which takes keys that we do not.
  def serve_by_openssl(own, version)
    context = OpenSSL::SSL::SSLContext.new
    context.security_level = 0
    context.max_version = version
    context.add_certificate(own, TLSCertificates.key_of(own))
    listener = TCPServer.new("127.0.0.1", 0)
    thread = Thread.new { accept_by_openssl(OpenSSL::SSL::SSLServer.new(listener, context)) }
    yield listener.local_address.ip_port
  ensure
    thread&.join
    listener&.close
  end

  def accept_by_openssl(server)
    server.accept.close
  rescue OpenSSL::SSL::SSLError, SystemCallError
    # The client is not content, as it should be.
  end

  [OpenSSL::SSL::TLS1_2_VERSION, OpenSSL::SSL::TLS1_3_VERSION].each do |version|
    it "tells a small RSA key of the peer, verified or not, by version #{version}" do
      own = make("Own", :rsa1024, issuer: root, change: TLSChains::OWN)
      [trusting, {}].each do |options|
        client = nil
        serve_by_openssl(own, version) do |port|
          em do
            client = EventMachine.connect("127.0.0.1", port, TLSHelper::End.of(options, {}), TLSHelper::Meeting.new(1))
          end
        end
        expect(client.error_text).to eq("the certificate has an RSA key of 1024 bits, fewer than 2048")
      end
    end
  end

  it "tells nothing of a client's certificate of version 1, which ssl_verify_peer judges" do
    own = make("Own", :own, change: { version: 0 })
    %i[tlsv1_2 tlsv1_3].each do |version|
      options = TLSAuthority.localhost.options.merge(verify_peer: true)
      server, client = converse(server: options, serves: pong.merge(verifying: ->(_) { true }),
                                client: presenting(own).merge(ssl_version: version))
      expect_success(server, client)
      expect(server.certificates).to eq([own.to_pem])
    end
  end
end
