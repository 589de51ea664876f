# frozen_string_literal: true

require "faye/websocket"

Faye::WebSocket.load_adapter("thin")

run(lambda do |env|
  next [200, { "Content-Type" => "text/plain" }, ["no WebSocket"]] unless Faye::WebSocket.websocket?(env)

  socket = Faye::WebSocket.new(env)
  socket.on(:open) { socket.send("hello #{env['PATH_INFO']} #{EventMachine::VERSION}") }
  socket.on(:message) { |event| socket.send(event.data) }
  socket.rack_response
end)
