# frozen_string_literal: true

require "digest"
require "open3"

require_relative "application"
require_relative "http"
require_relative "web_socket_client"

RSpec.describe "Under TLS" do
  let(:issued) { TLSAuthority.localhost(:rsa2048) }
  let(:root) { TLSAuthority.root.file }

  # A connection that trusts only the root certificate of the specs.
  def secured(socket, **identity)
    context = OpenSSL::SSL::SSLContext.new
    context.ca_file = root
    context.verify_mode = OpenSSL::SSL::VERIFY_PEER
    context.add_certificate(*identity.values_at(:certificate, :key)) if identity.any?
    ssl = OpenSSL::SSL::SSLSocket.new(socket, context)
    ssl.sync_close = true
    ssl.hostname = "localhost"
    ssl.connect
    ssl.post_connection_check("localhost")
    ssl
  end

  describe "Thin --ssl" do
    def on_tls(*options, &block)
      port = free_port
      command = ["thin", "--rackup", Application.app("thin.ru"), "--environment", "production",
                 "--address", "127.0.0.1", "--port", port.to_s, "--ssl", "--ssl-key-file", issued.key_file,
                 "--ssl-cert-file", issued.chain_file, *options, "start"]
      Application.run(*command, at: ["127.0.0.1", port], &block)
    end

    it "answers one request after another" do
      on_tls("--ssl-disable-verify") do |server|
        http = PlainHTTP.new(secured(server.connect))
        expect((1..20).map { |number| http.get("/echo/#{number}").body }).to eq((1..20).map { |n| "/#{n}" })
      end
    end

    it "answers curl by either protocol" do
      on_tls("--ssl-disable-verify") do |server|
        port = server.connect.remote_address.ip_port
        answers = %w[1.2 1.3].map do |version|
          Open3.capture2e("curl", "-sS", "-4", "--cacert", root, "--tlsv#{version}", "--tls-max", version,
                          "https://localhost:#{port}/echo/curl").first
        end
        expect(answers).to eq(%w[/curl /curl])
      end
    end

    it "asks for a certificate, and lets clients in with one or without" do
      on_tls do |server|
        client = TLSAuthority.client
        bodies = [{}, { certificate: client.certificate, key: client.key }].map do |identity|
          PlainHTTP.new(secured(server.connect, **identity)).get("/echo/x").body
        end
        expect(bodies).to eq(%w[/x /x])
      end
    end

    it "takes a POST of 50 MB, and sends 10 MB", time_limit: 60 do
      body = Random.new(1).bytes(50 * 1024 * 1024)
      on_tls("--ssl-disable-verify") do |server|
        connection = secured(server.connect)
        http = PlainHTTP.new(connection)
        http.request("POST", "/digest", "Content-Type" => "application/octet-stream",
                                        "Content-Length" => body.bytesize)
        # Ruby's openssl is slow with large Strings.
        0.step(body.bytesize - 1, 65_536) { |start| connection.write(body.byteslice(start, 65_536)) }
        expect(http.response.body).to eq(Digest::SHA256.hexdigest(body))
        expect(PlainHTTP.new(secured(server.connect)).get("/large").body).to eq("0123456789" * 1_000_000)
      end
    end

    it "goes on after clients that speak something else" do
      on_tls("--ssl-disable-verify") do |server|
        strangers = Array.new(20) { server.connect }
        strangers.each { |socket| socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n") }
        expect(strangers.map(&:read)).to all(start_with("\x15"))
        expect(PlainHTTP.new(secured(server.connect)).get("/echo/after").body).to eq("/after")
      end
    end
  end

  describe "em-websocket" do
    around do |example|
      port = free_port
      command = [RbConfig.ruby, "-e", "gem 'eventmachine'; load ARGV.shift",
                 Application.app("em_websocket_secure.rb"), port.to_s, issued.key_file, issued.chain_file]
      Application.run(*command, at: ["127.0.0.1", port]) do |server|
        @server = server
        @client = WebSocketClient.new("wss://localhost:#{port}/chat", secured(server.connect))
        example.run
      end
    end

    it "greets, echoes and closes" do
      expect(@client.receive).to eq("hello /chat true")
      @client.text("grüß dich")
      expect(@client.receive).to eq("grüß dich")
      expect(@client.close(1000)).to eq(1000)
    end

    it "echoes binary messages of all sizes" do
      @client.receive
      [0, 125, 126, 65_535, 65_536, 1_000_000].each do |size|
        message = Random.new(size).bytes(size)
        @client.binary(message)
        expect(@client.receive.pack("C*")).to eq(message)
      end
    end

    it "serves many clients at once" do
      clients = Array.new(20) { WebSocketClient.new(@client.url, secured(@server.connect)) }
      clients.each_with_index { |client, number| client.receive && client.text("from #{number}") }
      expect(clients.map(&:receive)).to eq(Array.new(20) { |number| "from #{number}" })
    end
  end
end
