# frozen_string_literal: true

# Fetches pages from a server, at most four at a time, with a time limit for each.

require "eventmachine"
require "net/http"
require "timeout"

# A server of pages; one of them takes too long.
module Pages
  def receive_data(request)
    path = request[/\AGET (\S+)/, 1]
    return if path == "/slow"

    body = "page #{path}"
    send_data("HTTP/1.1 200 OK\r\nContent-Length: #{body.size}\r\nConnection: close\r\n\r\n#{body}")
    close_connection_after_writing
  end
end

def fetch(uri)
  Timeout.timeout(0.2) { Net::HTTP.get(uri) }
rescue Timeout::Error
  "too slow"
end

EventMachine.main do
  server = EventMachine.start_server("127.0.0.1", 0, Pages)
  port, = Socket.unpack_sockaddr_in(EventMachine.get_sockname(server))
  paths = Thread::Queue.new
  %w[/a /b /slow /c /d].each { |path| paths << path }
  paths.close

  found = {}
  EventMachine.group do |group|
    4.times do
      group.fiber do
        while (path = paths.pop)
          found[path] = fetch(URI("http://127.0.0.1:#{port}#{path}"))
        end
      end
    end
  end
  found.sort.each { |path, body| puts "#{path}: #{body}" }
end
