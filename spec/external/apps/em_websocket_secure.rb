# frozen_string_literal: true

require "em-websocket"

EventMachine.run do
  tls = { private_key_file: ARGV.fetch(1), cert_chain_file: ARGV.fetch(2) }
  EventMachine::WebSocket.start(host: "127.0.0.1", port: Integer(ARGV.fetch(0)), secure: true,
                                tls_options: tls) do |socket|
    socket.onopen { |handshake| socket.send("hello #{handshake.path} #{EventMachine.ssl?}") }
    socket.onmessage { |message| socket.send(message) }
    socket.onbinary { |message| socket.send_binary(message) }
  end
  trap(:INT) { EventMachine.stop }
end
