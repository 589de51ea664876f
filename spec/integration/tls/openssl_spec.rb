# frozen_string_literal: true

require "spec_helper"

RSpec.describe "TLS with the openssl program", tls: true do
  kinds = %i[rsa2048 rsa4096 p256 p384 ed25519]
  versions = { "-tls1_2" => "TLSv1.2", "-tls1_3" => "TLSv1.3" }

  let(:root) { TLSAuthority.root.file }

  def s_client(*options)
    ["openssl", "s_client", "-connect", "localhost:PORT", "-4", "-CAfile", root, "-verify_return_error",
     "-verify_hostname", "localhost", "-servername", "localhost", "-ign_eof", *options]
  end

  def s_server(issued, *options)
    ["openssl", "s_server", "-accept", "127.0.0.1:PORT", "-cert", issued.chain_file, "-key", issued.key_file,
     "-cert_chain", issued.chain_file, "-rev", *options]
  end

  kinds.each do |kind|
    versions.each do |option, version|
      it "serves s_client with #{kind} by #{version}" do
        output, = against(TLSAuthority.localhost(kind).options, TLSPrograms::ANSWERS,
                          [s_client(option), "question\n"])
        expect(output).to include("Verify return code: 0 (ok)", version, "answer to question\n")
      end

      it "is served by s_server with #{kind} by #{version}" do
        protocol = nil
        doings = exchange("noitseuq\n").merge(ended: ->(client) { protocol = client.get_cipher_protocol })
        serve(*s_server(TLSAuthority.localhost(kind), option)) do |port|
          client = call(port, { verify: true, ca_file: root }, doings)
          expect([client.received, client.reason, protocol]).to eq(["question\n", nil, version])
        end
      end
    end
  end

  versions.each do |option, version|
    it "demands a certificate of s_client by #{version}" do
      served = []
      options = TLSAuthority.localhost.options.merge(verify: true, ca_file: root)
      client = TLSAuthority.client
      outputs = against(options, TLSPrograms::ANSWERS,
                        [s_client(option, "-cert", client.chain_file, "-key", client.key_file), "question\n"],
                        [s_client(option), "question\n"], servers: served)
      expect(outputs.map { |output| output.include?("answer to question") }).to eq([true, false])
      expect(served.map(&:reason)).to eq([nil, EventMachine::CertificateError::Missing])
    end

    it "shows a certificate to s_server by #{version}" do
      command = s_server(TLSAuthority.localhost, option, "-CAfile", root, "-Verify", "1",
                         "-verify_return_error")
      serve(*command) do |port|
        trusting = { verify: true, ca_file: root }
        client = call(port, TLSAuthority.client.options.merge(trusting), exchange("abc\n"))
        expect([client.received, client.reason]).to eq(["cba\n", nil])
        client = call(port, trusting, exchange("abc\n"))
        expect([client.received, client.reason]).to eq(["", Errno::EPROTO])
      end
    end
  end

  describe "by encrypted keys" do
    %w[aes-128-cbc aes-192-cbc aes-256-cbc des-ede3-cbc].each do |cipher|
      it "takes #{cipher} in the traditional form" do
        key = TLSAuthority.key(:rsa2048)
        file = TLSAuthority.file(key.to_pem(OpenSSL::Cipher.new(cipher), "secret"))
        options = { private_key_file: file, private_key_pass: "secret",
                    cert_chain_file: TLSAuthority.localhost(:rsa2048).chain_file }
        expect(File.read(file, encoding: "UTF-8")).to include("Proc-Type: 4,ENCRYPTED")
        expect_success(*converse(server: options))
      end

      it "takes #{cipher} as PKCS#8" do
        key = TLSAuthority.key(:p256)
        pem = key.private_to_pem(OpenSSL::Cipher.new(cipher), "secret")
        options = { private_key: pem, private_key_pass: "secret",
                    cert: TLSAuthority.localhost.certificate.to_pem }
        expect(pem).to include("ENCRYPTED PRIVATE KEY")
        expect_success(*converse(server: options))
      end
    end

    it "takes what the program itself has encrypted by scrypt" do
      source = TLSAuthority.localhost
      sealed = File.join(TLSAuthority.directory, "scrypt.pem")
      expect(system("openssl", "pkcs8", "-topk8", "-in", source.key_file, "-scrypt", "-out", sealed,
                    "-passout", "pass:secret")).to be(true)
      expect_success(*converse(server: { private_key_file: sealed, private_key_pass: "secret",
                                         cert_chain_file: source.chain_file }))
    end
  end

  describe "by a chain of 40 KiB" do
    let(:issued) do
      links = (1..5).inject([TLSAuthority.root]) do |chain, depth|
        chain << TLSAuthority.new("Long #{depth}", issuer: chain.last, remark: "x" * 8000)
      end
      links.last.issue(hosts: %w[localhost])
    end

    versions.each do |option, version|
      it "is believed by s_client, by #{version}" do
        expect(File.size(issued.chain_file)).to be > 40_000
        output, = against(issued.options, TLSPrograms::ANSWERS, [s_client(option), "question\n"])
        expect(output).to include("Verify return code: 0 (ok)", "answer to question\n")
      end

      it "is believed from s_server, by #{version}" do
        serve(*s_server(issued, option)) do |port|
          client = call(port, { verify: true, ca_file: root }, exchange("abc\n"))
          expect([client.received, client.error_text]).to eq(["cba\n", nil])
        end
      end
    end
  end

  it "is told by s_client that it does not believe us" do
    served = []
    stranger = TLSAuthority.new("Stranger").issue(hosts: %w[localhost])
    against(stranger.options, {}, [s_client, "question\n"], servers: served)
    expect(served.map { |server| [server.reason, server.error_text] })
      .to eq([[Errno::EPROTO, "the peer refused: unknown CA"]])
  end
end
