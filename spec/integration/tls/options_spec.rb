# frozen_string_literal: true

require "spec_helper"

RSpec.describe EventMachine::Connection, "#start_tls with bad options", tls: true do
  let(:issued) { TLSAuthority.localhost }

  # Calls start_tls on a live connection; what it raises comes out here.
  def start_tls(options)
    em do
      listener = EventMachine.start_server("127.0.0.1", 0)
      port, = Socket.unpack_sockaddr_in(EventMachine.get_sockname(listener))
      EventMachine.connect("127.0.0.1", port).start_tls(options)
      done
    end
  end

  def directory
    @directory ||= Dir.mktmpdir("dir", TLSAuthority.directory)
  end

  def empty
    TLSAuthority.file("")
  end

  def noise
    TLSAuthority.file(Random.new(3).bytes(3000))
  end

  it "tells a key that belongs to another certificate" do
    other = OpenSSL::PKey::EC.generate("prime256v1")
    expect { start_tls(private_key: other.private_to_pem, cert_chain_file: issued.chain_file) }
      .to raise_error(EventMachine::InvalidPrivateKey, /does not belong/)
  end

  sources = { "an empty file" => :empty, "a file of noise" => :noise, "a directory" => :directory }
  sources.each do |what, source|
    it "tells #{what} as a key" do
      file = __send__(source)
      expect { start_tls(private_key_file: file, cert_chain_file: issued.chain_file) }
        .to raise_error(EventMachine::InvalidPrivateKey, /private.key/)
    end

    it "tells #{what} as a certificate" do
      file = __send__(source)
      expect { start_tls(private_key_file: issued.key_file, cert_chain_file: file) }
        .to raise_error(EventMachine::InvalidPrivateKey, /cert/)
    end

    it "tells #{what} as certificates to trust" do
      file = __send__(source)
      expect { start_tls(verify: true, ca_file: file) }.to raise_error(EventMachine::BadParams)
    end

    it "tells #{what} as a revocation list" do
      file = __send__(source)
      expect { start_tls(verify: true, ca_file: TLSAuthority.root.file, crl_file: file) }
        .to raise_error(EventMachine::BadParams)
    end
  end

  it "tells a directory without certificates" do
    expect { start_tls(verify: true, ca_path: directory) }
      .to raise_error(EventMachine::BadParams, /no certificate/)
  end

  describe "with a passphrase" do
    let(:encrypted) { issued.options(passphrase: "open sesame") }

    it "tells that one is missing" do
      expect { start_tls(encrypted.reject { |name,| name == :private_key_pass }) }
        .to raise_error(EventMachine::InvalidPrivateKey, /encrypted/)
    end

    ["wrong", "", "\0"].each do |wrong|
      it "tells that #{wrong.inspect} is wrong" do
        expect { start_tls(encrypted.merge(private_key_pass: wrong)) }
          .to raise_error(EventMachine::InvalidPrivateKey)
      end
    end
  end

  %i[private_key_file cert_chain_file sni_hostname cipher_list ecdh_curve dhparam].each do |name|
    it "refuses a NUL byte in #{name}" do
      options = { name => "a\0b" }
      options = issued.options.merge(options) if name.to_s.end_with?("_file")
      expect { start_tls(options) }.to raise_error(ArgumentError, /null byte/)
    end
  end

  %i[ca_file ca_path crl_file].each do |name|
    it "refuses a NUL byte in #{name}" do
      expect { start_tls(verify: true, name => "a\0b") }.to raise_error(ArgumentError, /null byte/)
    end

    it "names the file that is missing by #{name}" do
      expect { start_tls(verify: true, name => "/nowhere") }
        .to raise_error(EventMachine::FileNotFoundException, "Could not find /nowhere for start_tls")
    end

    it "names a value of #{name} that is no path" do
      expect { start_tls(verify: true, name => 5) }.to raise_error(TypeError, /#{name}.*5/)
    end
  end

  it "tells an unknown curve" do
    file = TLSAuthority.file("x")
    expect { converse(server: { ecdh_curve: "prime255v1" }) }
      .to raise_error(EventMachine::InvalidPrivateKey, /prime255v1/)
    expect { converse(server: { dhparam: file }) }.to raise_error(EventMachine::InvalidPrivateKey, /dhparam/)
  end

  ["server", :peer, 1, Object.new].each do |value|
    it "refuses #{value.class} #{value} as role" do
      expect { start_tls(role: value) }
        .to raise_error(ArgumentError, "role of start_tls must be :client or :server: #{value.inspect}")
    end
  end

  { verify: ["yes", 1, :peer], keylog: ["file", 1], alpn: [5, [5], { "h2" => 1 }, [nil]],
    certificates: [5, "x", ["x"], { 5 => {} }, { "x" => 5 }], ca: [5, []] }.each do |name, values|
    values.each do |value|
      it "refuses #{value.inspect} as #{name}" do
        expect { start_tls(name => value) }.to raise_error(TypeError, /#{name} of start_tls/)
      end
    end
  end

  ["", "x" * 256].each do |protocol|
    it "refuses a protocol of #{protocol.size} bytes" do
      expect { start_tls(alpn: ["h2", protocol]) }.to raise_error(ArgumentError, /1 to 255 bytes/)
    end
  end

  it "refuses a name without a certificate" do
    expect { start_tls(certificates: { "a.example" => {} }) }
      .to raise_error(EventMachine::BadParams, /none for "a\.example"/)
  end

  it "holds names by the same rules as the certificate itself" do
    expect { start_tls(certificates: { "a.example" => { private_key: "x" } }) }
      .to raise_error(EventMachine::BadParams, /not the related cert/)
    expect { start_tls(certificates: { "a.example" => { cert: "x", cert_chain_file: issued.chain_file } }) }
      .to raise_error(EventMachine::BadCertParams)
    expect { converse(server: { certificates: { "a.example" => { private_key: "x", cert: "y" } } }) }
      .to raise_error(EventMachine::InvalidPrivateKey)
  end

  it "leaves the connection as it was" do
    expect_success(*converse(server: nil, client: nil, asks: ping.merge(connected: lambda { |client|
      expect { client.start_tls(ssl_version: "none") }.to raise_error(RuntimeError, /none/)
      expect { client.start_tls(private_key: "x", cert: "y") }.to raise_error(EventMachine::InvalidPrivateKey)
      client.send_data("ping")
    })))
  end

  it "asks for obsolete protocols only: says that there is none" do
    _, client = converse(client: { ssl_version: %w[sslv3 tlsv1] })
    expect([client.reason, client.error_text])
      .to eq([Errno::EPROTO, "none of the allowed protocols is supported (TLSv1.2, TLSv1.3 are)"])
  end

  it "asks for ciphers that are not there: says that there is none" do
    _, client = converse(client: { cipher_list: "RC4", ssl_version: "tlsv1_2" })
    expect([client.reason, client.error_text])
      .to eq([Errno::EPROTO, "none of the allowed cipher suites is supported"])
  end
end
