# frozen_string_literal: true

require "pathname"
require "tempfile"

RSpec.describe EventMachine::Connection, "#start_tls" do
  let(:connection) { described_class.new(4711) }
  let(:file) { Tempfile.new("pem") }
  let(:all_protocols) do
    EventMachine::EM_PROTO_TLSv1 | EventMachine::EM_PROTO_TLSv1_1 |
      EventMachine::EM_PROTO_TLSv1_2 | EventMachine::EM_PROTO_TLSv1_3
  end

  before do
    allow(EventMachine).to receive(:set_tls_parms) { |*args| @given = args }
    allow(EventMachine).to receive(:set_tls_options) { |_, options| @options = options }
    allow(EventMachine).to receive(:start_tls)
  end

  after { file.close! }

  def given
    names = %i[
      signature private_key_file private_key private_key_pass cert_chain_file cert verify_peer
      fail_if_no_peer_cert sni_hostname cipher_list ecdh_curve dhparam protocols
    ]
    names.zip(@given).to_h
  end

  it "gives the parameters first, then begins" do
    connection.start_tls
    expect(EventMachine).to have_received(:set_tls_parms).ordered
    expect(EventMachine).to have_received(:start_tls).with(4711).ordered
  end

  it "gives empty texts, no flags and all protocols unless told otherwise" do
    connection.start_tls
    expect(@given).to eq([4711, "", "", "", "", "", nil, nil, "", "", "", "", all_protocols])
  end

  it "gives everything it was told" do
    connection.start_tls(
      private_key: "key", private_key_pass: "secret", cert: "certificate", verify_peer: true,
      fail_if_no_peer_cert: true, sni_hostname: "example.org", cipher_list: "HIGH", ecdh_curve: "prime256v1",
      dhparam: "dh.pem", ssl_version: :TLSv1_2
    )
    expect(given).to eq(
      signature: 4711, private_key_file: "", private_key: "key", private_key_pass: "secret",
      cert_chain_file: "", cert: "certificate", verify_peer: true, fail_if_no_peer_cert: true,
      sni_hostname: "example.org", cipher_list: "HIGH", ecdh_curve: "prime256v1", dhparam: "dh.pem",
      protocols: EventMachine::EM_PROTO_TLSv1_2
    )
  end

  it "takes key and certificate from files, by name or by Pathname" do
    connection.start_tls(private_key_file: file.path, cert_chain_file: Pathname.new(file.path))
    expect(given).to include(private_key_file: file.path, cert_chain_file: file.path)
  end

  it "passes over options that it does not know" do
    expect { connection.start_tls(colour: "blue") }.not_to raise_error
  end

  it "gives the options that upstream lacks when one of them is used, else not" do
    connection.start_tls(verify: false, alpn: nil)
    expect(EventMachine).not_to have_received(:set_tls_options)
    connection.start_tls(verify: true, ca_file: Pathname.new(file.path), alpn: "h2")
    expect(@options).to eq(verify: true, keylog: false, ca_file: file.path, ca_path: "", crl_file: "", ca: "",
                           alpn: %w[h2], certificates: nil, choose_certificate: false, role: nil)
  end

  it "gives certificates by host name, or that they are to be chosen" do
    connection.start_tls(certificates: { "a.example" => { cert: "c", private_key: "k" } })
    expect(@options).to include(choose_certificate: false, certificates: {
                                  "a.example" => { private_key_file: "", private_key: "k", private_key_pass: "",
                                                   cert_chain_file: "", cert: "c" }
                                })
    connection.start_tls(certificates: ->(host) { { cert: host } })
    expect(@options).to include(choose_certificate: true, certificates: nil)
  end

  describe "ssl_version" do
    {
      "TLSv1_3" => 64, :tlsv1_2 => 32, "tlsv1_1" => 16, %w[tlsv1 TLSv1_2] => 40,
      [] => 0, "SSLv2" => 2, :SSLv3 => 4
    }.each do |version, bits|
      it "#{version.inspect} stands for #{bits}" do
        connection.start_tls(ssl_version: version)
        expect(given[:protocols]).to eq(bits)
      end
    end

    it "names the protocol that is not known" do
      expect { connection.start_tls(ssl_version: %w[TLSv1_2 TLSv9]) }
        .to raise_error(RuntimeError, "Unrecognized SSL/TLS Protocol: TLSv9")
    end
  end

  describe "with options that make no sense" do
    after { expect(EventMachine).not_to have_received(:start_tls) if EventMachine.respond_to?(:start_tls) }

    it "names the file that is missing" do
      %i[private_key_file cert_chain_file].each do |option|
        expect { connection.start_tls(option => "/nowhere.pem") }
          .to raise_error(EventMachine::FileNotFoundException, "Could not find /nowhere.pem for start_tls")
      end
    end

    it "refuses two certificates" do
      expect { connection.start_tls(cert: "x", cert_chain_file: file.path) }
        .to raise_error(EventMachine::BadCertParams, /cert and cert_chain_file/)
    end

    it "refuses two keys" do
      expect { connection.start_tls(private_key: "x", private_key_file: file.path, cert: "x") }
        .to raise_error(EventMachine::BadPrivateKeyParams, /private_key and private_key_file/)
    end

    it "refuses a key without a certificate" do
      [{ private_key: "x" }, { private_key_file: file.path }].each do |options|
        expect { connection.start_tls(options) }
          .to raise_error(EventMachine::BadParams, /not the related cert/)
      end
    end

    it "refuses options that are no Hash" do
      [nil, 5, "x"].each do |options|
        expect { connection.start_tls(options) }.to raise_error(TypeError, /#{options.inspect}/)
      end
    end

    it "refuses values that are no String, by their names" do
      %i[private_key_file cert sni_hostname cipher_list].each do |option|
        expect { connection.start_tls(option => 5) }.to raise_error(TypeError, /#{option}.*5/)
      end
    end
  end

  it "has errors that are no StandardError, as ever" do
    expect(EventMachine::BadParams.superclass).to equal(Exception)
    expect(EventMachine::FileNotFoundException.superclass).to equal(Exception)
    expect([EventMachine::BadCertParams, EventMachine::BadPrivateKeyParams].map(&:superclass))
      .to all(equal(EventMachine::BadParams))
  end
end
