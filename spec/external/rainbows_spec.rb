# frozen_string_literal: true

require "tmpdir"

require_relative "application"
require_relative "http"

# It uses the loop to watch its own listeners and to attach its own sockets, in two processes.
RSpec.describe "Rainbows! with EventMachine" do
  around do |example|
    Dir.mktmpdir do |directory|
      port = free_port
      settings = File.join(directory, "settings.rb")
      File.write(settings, <<~RUBY)
        gem "eventmachine"
        worker_processes 2
        listen "127.0.0.1:#{port}"
        listen "#{directory}/rainbows.sock"
        Rainbows! { use :EventMachine; keepalive_timeout 5; client_max_body_size 10_000_000 }
      RUBY
      @path = File.join(directory, "rainbows.sock")
      command = ["rainbows", "-E", "none", "-c", settings, Application.app("rainbows.ru")]
      Application.run(*command, at: ["127.0.0.1", port]) { |server| (@server = server) && example.run }
    end
  end

  let(:http) { PlainHTTP.new(@server.connect) }

  it "answers one request after another, on this version" do
    expect(Array.new(5) { http.get("/").body }).to all(eq(EventMachine::VERSION))
  end

  it "answers over a Unix socket" do
    expect(PlainHTTP.new(UNIXSocket.new(@path)).get("/").body).to eq(EventMachine::VERSION)
  end

  it "answers later" do
    expect(http.get("/later").body).to eq("later")
  end

  it "takes a large body, and sends a file" do
    http.request("POST", "/size", {}, "x" * 2_000_000)
    expect(http.response.body).to eq("2000000")
    expect(http.get("/file").body).to eq(File.read(Application.app("rainbows.ru"), encoding: "UTF-8"))
  end
end
