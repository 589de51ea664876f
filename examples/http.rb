# frozen_string_literal: true

# A small HTTP server with HeaderAndContentProtocol, and a client with HttpClient2.
#
#   ruby examples/http.rb

require "eventmachine"

class Server < EventMachine::Protocols::HeaderAndContentProtocol
  def receive_request(headers, content)
    verb, path, = headers.first.split
    body = "#{verb} #{path}, #{content.bytesize} bytes\n"
    head = ["HTTP/1.1 200 OK", "Content-Type: text/plain", "Content-Length: #{body.bytesize}"]
    send_data("#{head.join("\r\n")}\r\n\r\n#{body}")
  end
end

EventMachine.run do
  server = EventMachine.start_server("127.0.0.1", 0, Server)
  port, host = Socket.unpack_sockaddr_in(EventMachine.get_sockname(server))

  client = EventMachine::Protocols::HttpClient2.connect(host, port)
  client.get("/greeting").callback { |response| puts response.status, response.content }
  request = client.post(uri: "/form", content: "a=1&b=2")
  request.callback do |response|
    puts response.content
    EventMachine.stop
  end
  request.errback { abort "no answer" }
end
