# frozen_string_literal: true

require_relative "application"
require_relative "web_socket_client"

RSpec.describe "em-websocket" do
  around do |example|
    port = free_port
    script = Application.app("em_websocket.rb")
    command = [RbConfig.ruby, "-e", "gem 'eventmachine'; load ARGV.shift", script, port.to_s]
    Application.run(*command, at: ["127.0.0.1", port]) do |server|
      @server = server
      @client = WebSocketClient.new("ws://127.0.0.1:#{port}/chat", server.connect)
      example.run
    end
  end

  it "greets, and echoes text, on this version" do
    expect(@client.receive).to eq("hello /chat #{EventMachine::VERSION}")
    @client.text("grüß dich")
    expect(@client.receive).to eq("grüß dich")
  end

  it "echoes binary messages of all sizes of header" do
    @client.receive
    [0, 125, 126, 65_535, 65_536, 1_000_000].each do |size|
      message = Random.new(size).bytes(size)
      @client.binary(message)
      expect(@client.receive.pack("C*")).to eq(message)
    end
  end

  it "answers pings and closes with the client's code" do
    @client.receive
    expect(@client.ping).to be(true)
    expect(@client.close(1000)).to eq(1000)
  end

  it "serves many clients at once" do
    clients = Array.new(20) { WebSocketClient.new(@client.url, @server.connect) }
    clients.each_with_index { |client, number| client.receive && client.text("from #{number}") }
    expect(clients.map(&:receive)).to eq(Array.new(20) { |number| "from #{number}" })
  end
end
