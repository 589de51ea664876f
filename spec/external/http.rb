# frozen_string_literal: true

# A plain HTTP/1.1 client on a connection that stays open.
class PlainHTTP
  Response = Struct.new(:status, :headers, :body)

  def initialize(socket)
    @socket = socket
  end

  # @return [Response]
  def get(path)
    request("GET", path)
    response
  end

  def request(method, path, headers = {}, body = nil)
    headers = { "Host" => "localhost" }.merge(headers)
    headers["Content-Length"] = body.bytesize if body
    lines = ["#{method} #{path} HTTP/1.1", *headers.map { |name, value| "#{name}: #{value}" }]
    @socket.write(lines.join("\r\n"), "\r\n\r\n")
    @socket.write(body) if body
  end

  def response
    status = Integer(@socket.gets[%r{\AHTTP/1\.[01] (\d{3})}, 1])
    headers = {}
    while (line = @socket.gets.chomp) && !line.empty?
      name, value = line.split(": ", 2)
      headers[name.downcase] = value
    end
    Response.new(status, headers, body(headers))
  end

  private

  def body(headers)
    return chunks.join if headers["transfer-encoding"] == "chunked"

    length = headers["content-length"]
    length ? @socket.read(Integer(length)) : @socket.read
  end

  def chunks
    parts = []
    until (size = @socket.gets.to_i(16)).zero?
      parts << @socket.read(size)
      @socket.gets
    end
    @socket.gets
    parts
  end
end
