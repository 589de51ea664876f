# frozen_string_literal: true

require_relative "application"
require_relative "http"
require_relative "web_socket_client"

RSpec.describe "faye-websocket on Thin" do
  around do |example|
    port = free_port
    command = ["thin", "--rackup", Application.app("faye_websocket.ru"), "--environment", "production",
               "--address", "127.0.0.1", "--port", port.to_s, "start"]
    Application.run(*command, at: ["127.0.0.1", port]) do |server|
      @server = server
      @url = "ws://127.0.0.1:#{port}/chat"
      example.run
    end
  end

  it "greets, echoes and closes, on this version" do
    client = WebSocketClient.new(@url, @server.connect)
    expect(client.receive).to eq("hello /chat #{EventMachine::VERSION}")
    client.text("x" * 100_000)
    expect(client.receive).to eq("x" * 100_000)
    expect(client.close(1000)).to eq(1000)
  end

  it "answers plain requests beside" do
    expect(PlainHTTP.new(@server.connect).get("/").body).to eq("no WebSocket")
  end

  it "talks to its own client on the reactor" do
    script = <<~RUBY
      gem "eventmachine"
      require "faye/websocket"
      EventMachine.run do
        client = Faye::WebSocket::Client.new(ARGV.fetch(0))
        client.on(:message) do |event|
          puts event.data
          event.data.start_with?("hello") ? client.send("echo") : client.close
        end
        client.on(:close) { |event| puts event.code; EventMachine.stop }
      end
    RUBY
    output = IO.popen([Application.environment, RbConfig.ruby, "-e", script, @url], &:read)
    expect(output).to eq("hello /chat #{EventMachine::VERSION}\necho\n1000\n")
  end
end
