# frozen_string_literal: true

RSpec.describe EventMachine::Protocols::HttpClient2 do
  let(:client) do
    recording = Class.new(described_class) { include ProtocolFuzz::Recorder }
    recording.new(nil).tap { |object| object.set_default_host_header("host", 80, false) }
  end

  def watch(request)
    request.callback { |same| client.note(:succeeded, same.equal?(request), request.status, request.content) }
    request.errback { client.note(:failed, request.internal_error) }
    request
  end

  def sent
    client.log.select { |event| event.first == :send }.map(&:last).join
  end

  it "sends the requests when the connection stands, in order" do
    client.get("/a")
    client.post(uri: "/b", content: "é", content_type: "a/b", authorization: "c", cookie: "d")
    expect(client.log).to be_empty
    client.connection_completed
    client.request(verb: "head", version: "1.0", host_header: "other")
    expect(sent).to eq("GET /a HTTP/1.1\r\nHost: host\r\n\r\n" \
                       "POST /b HTTP/1.1\r\nHost: host\r\nAuthorization: c\r\nCookie: d\r\n" \
                       "Content-type: a/b\r\nContent-length: 2\r\n\r\né" \
                       "HEAD / HTTP/1.0\r\nHost: other\r\n\r\n".b)
  end

  it "takes what it sends byte by byte, whatever the encodings" do
    client.connection_completed
    client.get(uri: "/é\xE9", cookie: "\xE9".b, host_header: "é")
    expect(sent.b).to eq("GET /\xC3\xA9\xE9 HTTP/1.1\r\nHost: \xC3\xA9\r\nCookie: \xE9\r\n\r\n".b)
  end

  it "names the port unless it is the usual one" do
    { [80, false] => "host", [8080, false] => "host:8080", [443, true] => "host", [80, true] => "host:80" }
      .each do |(port, tls), host|
        client.set_default_host_header("host", port, tls)
        client.log.clear
        allow(client).to receive(:start_tls)
        client.connection_completed
        client.get("/")
        expect(sent).to include("Host: #{host}\r\n")
      end
  end

  it "gives each request its response" do
    client.connection_completed
    requests = [watch(client.get("/")), watch(client.request(verb: :head)), watch(client.get("/"))]
    client.log.clear
    client.receive_data("HTTP/1.1 200 OK\r\nContent-length: 2\r\nA: b\r\nA: c\r\n\r\nab" \
                        "HTTP/1.1 201 OK\r\nContent-length: 9\r\n\r\nHTT")
    client.receive_data("P/1.1 202 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\ncd\r\n0\r\n\r\n")
    expect(client.log).to eq([[:succeeded, true, 200, "ab"], [:succeeded, true, 201, ""],
                              [:succeeded, true, 202, "cd"]])
    expect(requests[0].headers).to eq("content-length" => ["2"], "a" => %w[b c])
    expect(requests[0].version).to eq("1.1")
    expect(requests[0].header_lines.first).to eq("HTTP/1.1 200 OK")
  end

  it "closes after a response that says so, and fails the others" do
    client.connection_completed
    2.times { watch(client.get("/")) }
    client.log.clear
    client.receive_data("HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-length: 0\r\n\r\n" \
                        "HTTP/1.1 200 OK\r\n\r\n")
    client.unbind
    expect(client.log).to eq([[:succeeded, true, 200, ""], [:close], [:failed, "incomplete response"]])
  end

  it "takes the end of the connection for the end of a body without a length" do
    client.connection_completed
    watch(client.get("/"))
    client.receive_data("HTTP/1.1 200 OK\r\n\r\nabc")
    client.unbind
    expect(client.log.last).to eq([:succeeded, true, 200, "abc"])
    watch(client.get("/"))
    expect(client.log.last).to eq([:failed, "connection closed"])
  end

  it "fails a request whose response is none, and closes" do
    client.connection_completed
    watch(client.get("/"))
    client.log.clear
    client.receive_data("garbage\r\n")
    expect(client.log).to eq([[:failed, "no HTTP response"], [:close]])
  end

  it "closes on a response that nothing asked for" do
    client.connection_completed
    client.receive_data("HTTP/1.1 408 Timeout\r\nA: b\r\n\r\n")
    expect(client.log).to eq([[:close]])
  end

  it "refuses a port that is none, and line breaks in the head" do
    expect { described_class.connect("127.0.0.1", "xxx") }.to raise_error(ArgumentError, /xxx/)
    expect { client.get("/\r\nA: b") }.to raise_error(ArgumentError, /line break/)
  end
end
