# frozen_string_literal: true

require "socket"
require "tempfile"

module Bench
  # Requests for the load generator, which knows nothing of HTTP but how many bytes an answer has.
  class HTTP
    def initialize(address)
      @host, @port = address.split(":")
    end

    # @return [Array<String>] what tells the load generator of the request
    def arguments(*options)
      headers = options.slice!(options.index("--headers"), 2).last.to_i if options.include?("--headers")
      text = request(headers || 0)
      [*options, "--request", file(text), "--reply", answer(text).to_s]
    end

    private

    def request(headers)
      fields = (1..headers).map { |number| "X-Header-#{number}: the value of header number #{number}\r\n" }
      "GET / HTTP/1.1\r\nHost: localhost\r\n#{fields.join}\r\n"
    end

    # @return [Integer] how many bytes the server answers
    def answer(text)
      TCPSocket.open(@host, @port) do |socket|
        socket.write(text)
        head = socket.gets("\r\n\r\n")
        body = socket.read(Integer(head[/^Content-Length: (\d+)/i, 1]))
        head.bytesize + body.bytesize
      end
    end

    def file(text)
      @file = Tempfile.new("request")
      @file.write(text)
      @file.close
      @file.path
    end
  end
end
