# frozen_string_literal: true

require "spec_helper"

RSpec.describe "TLS with other programs", tls: true do
  let(:root) { TLSAuthority.root.file }
  let(:trusting) { { verify: true, ca_file: root } }

  # A server for HTTP clients.
  def answering(body)
    { received: lambda do |server|
      next unless server.received.include?("\r\n\r\n")

      header = "HTTP/1.1 200 OK\r\nContent-Length: #{body.bytesize}\r\nConnection: close\r\n\r\n"
      server.send_data(header + body)
      server.close_connection_after_writing
    end }
  end

  def get(path = "/")
    { secured: ->(client) { client.send_data("GET #{path} HTTP/1.0\r\nHost: localhost\r\n\r\n") } }
  end

  describe "curl" do
    def curl(*options)
      ["curl", "--silent", "--show-error", "--ipv4", "--cacert", root, *options, "https://localhost:PORT/"]
    end

    { "1.2" => :rsa2048, "1.3" => :p256 }.each do |version, kind|
      it "gets a page by TLS #{version}" do
        output, = against(TLSAuthority.localhost(kind).options, answering("page\n"),
                          [curl("--tlsv#{version}", "--tls-max", version)])
        expect(output).to eq("page\n")
      end
    end

    it "agrees on a protocol" do
      output, = against(TLSAuthority.localhost.options.merge(alpn: %w[http/1.1]), answering("page\n"),
                        [curl("--verbose", "--http2")])
      expect(output).to match(%r{ALPN.* server accepted .*http/1\.1})
    end

    it "shows a certificate, and is told when it has none" do
      client = TLSAuthority.client
      outputs = against(TLSAuthority.localhost.options.merge(trusting), answering("page\n"),
                        [curl("--cert", client.chain_file, "--key", client.key_file)], [curl])
      expect(outputs).to match(["page\n", /alert certificate required|certificate required/])
    end

    it "sees that the whole page came" do
      output, = against(TLSAuthority.localhost.options,
                        { received: lambda { |server|
                          server.send_data("HTTP/1.0 200 OK\r\n\r\nall of it\n")
                          server.close_connection_after_writing
                        } }, [curl("--http1.0")])
      expect(output).to eq("all of it\n")
    end

    it "does not believe a certificate for somebody else" do
      other = TLSAuthority.root.issue(hosts: %w[other.example])
      output, = against(other.options, answering("page\n"), [curl])
      expect(output).to match(/no alternative certificate subject name matches|SSL.*name/)
    end
  end

  describe "GnuTLS" do
    def priority(version)
      "NORMAL:-VERS-ALL:+VERS-TLS#{version}"
    end

    %w[1.2 1.3].each do |version|
      %i[rsa2048 rsa4096 p256 p384 ed25519].each do |kind|
        it "is served with #{kind} by TLS #{version}" do
          command = ["gnutls-cli", "--x509cafile", root, "--priority", priority(version), "--port", "PORT",
                     "localhost"]
          output, = against(TLSAuthority.localhost(kind).options, TLSPrograms::ANSWERS,
                            [command, "question\n"])
          expect(output).to include("Handshake was completed", "answer to question\n")
        end

        it "serves us with #{kind} by TLS #{version}" do
          issued = TLSAuthority.localhost(kind)
          command = ["gnutls-serv", "--echo", "--x509certfile", issued.chain_file, "--x509keyfile",
                     issued.key_file, "--priority", priority(version), "--port", "PORT", "--quiet"]
          serve(*command) do |port|
            client = call(port, trusting, exchange("question\n"))
            expect([client.error_text, client.received]).to eq([nil, "question\n"])
          end
        end
      end

      it "shows and demands certificates by TLS #{version}" do
        client = TLSAuthority.client
        command = ["gnutls-cli", "--x509cafile", root, "--priority", priority(version), "--port", "PORT",
                   "--x509certfile", client.chain_file, "--x509keyfile", client.key_file, "localhost"]
        output, = against(TLSAuthority.localhost.options.merge(trusting), TLSPrograms::ANSWERS,
                          [command, "question\n"])
        expect(output).to include("answer to question\n")

        issued = TLSAuthority.localhost
        command = ["gnutls-serv", "--echo", "--x509certfile", issued.chain_file, "--x509keyfile",
                   issued.key_file, "--x509cafile", root, "--require-client-cert", "--priority",
                   priority(version), "--port", "PORT"]
        serve(*command) do |port|
          shown = call(port, trusting.merge(client.options), exchange("question\n"))
          expect(shown.received).to eq("question\n")
          expect(call(port, trusting, exchange("question\n")).received).to eq("")
        end
      end
    end
  end

  describe "nginx" do
    let(:directory) do
      Dir.mktmpdir("pages", TLSAuthority.directory).tap do |path|
        File.write(File.join(path, "page"), "page\n")
      end
    end

    %i[tlsv1_2 tlsv1_3].each do |version|
      it "serves us by #{version}" do
        nginx(TLSAuthority.localhost, directory) do |port|
          client = call(port, trusting.merge(ssl_version: version), get("/page"))
          expect([client.received, client.reason]).to match([/200 OK.*page\n\z/m, nil])
        end
      end

      it "is shown a certificate by #{version}" do
        nginx(TLSAuthority.localhost, directory, "ssl_verify_client on;") do |port|
          options = trusting.merge(ssl_version: version)
          bodies = [options.merge(TLSAuthority.client.options), options].map do |some|
            call(port, some, get("/page")).received
          end
          expect(bodies).to match([/200 OK/, /400 Bad Request/])
        end
      end
    end

    it "agrees on a protocol with us" do
      protocol = nil
      nginx(TLSAuthority.localhost, directory) do |port|
        call(port, trusting.merge(alpn: %w[h2]), { secured: lambda { |client|
          protocol = client.get_alpn_protocol
          client.close_connection
        } })
      end
      expect(protocol).to eq("h2")
    end

    it "passes on to us" do
      output = nil
      issued = TLSAuthority.localhost
      em(8) do
        port = listen("127.0.0.1", TLSHelper::End.of(issued.options, answering("from behind\n")),
                      TLSHelper::Meeting.new(99))
        ask = lambda do
          pass = "location / { proxy_pass https://127.0.0.1:#{port}; proxy_ssl_verify on; " \
                 "proxy_ssl_name localhost; proxy_ssl_trusted_certificate #{root}; }"
          nginx(issued, directory, pass) do |front|
            Open3.capture2e("curl", "-s", "-4", "--cacert", root, "https://localhost:#{front}/").first
          end
        end
        EventMachine.defer(ask, lambda { |answer|
          output = answer
          done
        })
      end
      expect(output).to eq("from behind\n")
    end
  end
end
