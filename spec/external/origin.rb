# frozen_string_literal: true

require "openssl"
require "socket"

# An HTTP server with plain threads, for the clients under test. It uses no event loop.
class Origin
  # @return [Integer]
  attr_reader :port

  # Yields a server, and stops it after the block.
  #
  # @param tls [OpenSSL::SSL::SSLContext, nil]
  def self.open(tls = nil)
    origin = new(tls)
    yield origin
  ensure
    origin&.close
  end

  def initialize(tls)
    @listener = TCPServer.new("127.0.0.1", 0)
    @port = @listener.addr[1]
    @tls = tls
    @threads = []
    @accepting = Thread.new { accept }
  end

  def close
    [@accepting, *@threads].each(&:kill).each(&:join)
    @listener.close
  end

  private

  def accept
    loop do
      client = @listener.accept
      @threads << Thread.new { serve(client) }
    end
  end

  def serve(client)
    stream = secured(client)
    while (line = stream.gets)
      headers = stream.take_while { |header| header != "\r\n" }
      answer(stream, *line.split.first(2), read_body(stream, headers))
      break if headers.grep(/\Aconnection: close/i).any?
    end
  rescue SystemCallError, IOError, OpenSSL::SSL::SSLError
    nil # The client has had enough.
  ensure
    (stream || client).close
  end

  def secured(client)
    return client unless @tls

    OpenSSL::SSL::SSLSocket.new(client, @tls).tap { |secured| secured.sync_close = true }.accept
  end

  def read_body(stream, headers)
    length = headers.grep(/\Acontent-length:/i).first
    length ? stream.read(Integer(length.split(":").last)) : ""
  end

  def answer(stream, verb, path, body)
    case path
    when "/chunked" then stream.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                                      "3\r\none\r\n", "3\r\ntwo\r\n", "0\r\n\r\n")
    when "/moved" then respond(stream, "302 Found", "", "Location: /echo\r\n")
    when "/large" then respond(stream, "200 OK", "0123456789" * 300_000)
    when "/silent" then sleep
    when "/cut" then stream.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart")
    else respond(stream, "200 OK", "#{verb} #{path} #{body.bytesize} #{body.sum}")
    end
  end

  def respond(stream, status, body, headers = "")
    stream.write("HTTP/1.1 #{status}\r\nContent-Length: #{body.bytesize}\r\n#{headers}\r\n", body)
  end
end
