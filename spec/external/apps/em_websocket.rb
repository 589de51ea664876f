# frozen_string_literal: true

require "em-websocket"

EventMachine.run do
  EventMachine::WebSocket.start(host: "127.0.0.1", port: Integer(ARGV.fetch(0))) do |socket|
    socket.onopen { |handshake| socket.send("hello #{handshake.path} #{EventMachine::VERSION}") }
    socket.onmessage { |message| socket.send(message) }
    socket.onbinary { |message| socket.send_binary(message) }
  end
  trap(:INT) { EventMachine.stop }
end
