# frozen_string_literal: true

require "digest"
require "tmpdir"

require_relative "application"
require_relative "http"

RSpec.describe "Thin" do
  def thin(*options)
    ["thin", "--rackup", Application.app("thin.ru"), "--environment", "production", *options, "start"]
  end

  def on_tcp(&block)
    port = free_port
    Application.run(*thin("--address", "127.0.0.1", "--port", port.to_s), at: ["127.0.0.1", port], &block)
  end

  it "runs on the library of this checkout" do
    on_tcp do |server|
      answer = PlainHTTP.new(server.connect).get("/library").body
      expect(answer).to start_with("#{EventMachine::VERSION} #{ProcessHelper::LIBRARY}/eventmachine.")
    end
  end

  it "answers one request after another on a connection that is kept" do
    on_tcp do |server|
      http = PlainHTTP.new(server.connect)
      bodies = (1..20).map { |number| http.get("/echo/#{number}").body }
      expect(bodies).to eq((1..20).map { |number| "/#{number}" })
    end
  end

  it "ends a connection that the client does not want kept" do
    on_tcp do |server|
      connection = server.connect
      http = PlainHTTP.new(connection)
      http.request("GET", "/echo/last", "Connection" => "close")
      expect([http.response.body, connection.read]).to eq(["/last", ""])
    end
  end

  it "takes a request that arrives a byte at a time" do
    on_tcp do |server|
      connection = server.connect
      connection.setsockopt(:TCP, :NODELAY, 1)
      "GET /echo/slow HTTP/1.1\r\nHost: localhost\r\n\r\n".each_char { |byte| connection.write(byte) }
      expect(PlainHTTP.new(connection).response.body).to eq("/slow")
    end
  end

  it "takes a request that was sent ahead of the answer before" do
    on_tcp do |server|
      connection = server.connect
      http = PlainHTTP.new(connection)
      3.times do |number|
        http.request("GET", "/echo/#{number}")
        wait_until { connection.recv(65_536, Socket::MSG_PEEK).scan("HTTP/1.1 200").size > number }
      end
      expect(Array.new(3) { http.response.body }).to eq(%w[/0 /1 /2])
    end
  end

  it "answers over a Unix socket, and removes it in the end" do
    Dir.mktmpdir do |directory|
      path = File.join(directory, "thin.sock")
      Application.run(*thin("--socket", path), at: path) do |server|
        expect(PlainHTTP.new(server.connect).get("/echo/unix").body).to eq("/unix")
        expect(server.stop(:QUIT)).to be_success
        expect(File).not_to exist(path)
      end
    end
  end

  it "streams the body of an asynchronous response" do
    on_tcp do |server|
      connection = server.connect
      http = PlainHTTP.new(connection)
      http.request("GET", "/stream", "Connection" => "close")
      expect(http.response.body).to eq("onetwothree")
    end
  end

  it "answers from a deferred operation" do
    on_tcp do |server|
      expect(PlainHTTP.new(server.connect).get("/deferred").body).to eq("from thread")
    end
  end

  it "takes a POST of 50 MB", time_limit: 60 do
    body = Random.new(1).bytes(50 * 1024 * 1024)
    on_tcp do |server|
      http = PlainHTTP.new(server.connect)
      http.request("POST", "/digest", { "Content-Type" => "application/octet-stream" }, body)
      expect(http.response.body).to eq(Digest::SHA256.hexdigest(body))
    end
  end

  it "sends a body of 10 MB to a slow reader whole, and serves another client meanwhile" do
    on_tcp do |server|
      slow = server.connect
      slow_http = PlainHTTP.new(slow)
      slow_http.request("GET", "/large")
      slow.wait_readable
      expect(PlainHTTP.new(server.connect).get("/echo/meanwhile").body).to eq("/meanwhile")
      expect(slow_http.response.body).to eq("0123456789" * 1_000_000)
    end
  end

  it "finishes the answers under way when it is told to quit" do
    on_tcp do |server|
      http = PlainHTTP.new(server.connect)
      http.request("GET", "/stream", "Connection" => "close")
      sleep 0.05
      Process.kill(:QUIT, server.process)
      expect(http.response.body).to eq("onetwothree")
      expect(server.stop(:CONT)).to be_success
    end
  end

  describe "as a daemonised cluster on Unix sockets" do
    around do |example|
      Dir.mktmpdir do |directory|
        @directory = directory
        example.run
      ensure
        cluster("stop")
      end
    end

    def cluster(command)
      options = { "socket" => "thin.sock", "pid" => "thin.pid", "log" => "thin.log" }
                .flat_map { |name, file| ["--#{name}", File.join(@directory, file)] }
      system(Application.environment, "thin", "--rackup", Application.app("thin.ru"),
             "--environment", "production", "--servers", "2", "--daemonize", *options, command,
             %i[out err] => File.join(@directory, "output"))
    end

    def answers
      (0..1).map do |number|
        path = File.join(@directory, "thin.#{number}.sock")
        wait_until(what: path) { File.socket?(path) }
        PlainHTTP.new(UNIXSocket.new(path)).get("/echo/#{number}").body
      end
    end

    it "answers on each socket, and stops on command", time_limit: 60 do
      expect(cluster("start")).to be(true)
      expect(answers).to eq(%w[/0 /1])
      expect(cluster("stop")).to be(true)
      wait_until(what: "the sockets' end") { Dir[File.join(@directory, "*.{sock,pid}")].empty? }
    end
  end
end
