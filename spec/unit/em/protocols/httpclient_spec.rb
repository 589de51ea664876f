# frozen_string_literal: true

RSpec.describe EventMachine::Protocols::HttpClient do
  let(:client) do
    Class.new(described_class) do
      include ProtocolFuzz::Recorder

      def initialize(args)
        super()
        @args = { host: "host", port: 80 }.merge(args)
        callback { |response| note(:succeeded, response) }
        errback { |response| note(:failed, response) }
      end
    end
  end

  def sent(**args)
    object = client.new(nil, args)
    object.connection_completed
    object.log.map(&:last).join
  end

  # The outcome of an answer, whole and byte by byte.
  def outcome(answer, ended: true, **args)
    outcomes = [[answer], answer.chars].map do |chunks|
      object = client.new(nil, args)
      object.connection_completed
      object.log.clear
      chunks.each { |chunk| object.receive_data(chunk) }
      object.unbind if ended
      object.log - [[:close]]
    end
    expect(outcomes.uniq.size).to eq(1)
    outcomes[0]
  end

  it "sends requests" do
    expect(sent).to eq("GET / HTTP/1.1\r\nHost: host:80\r\nUser-agent: Ruby EventMachine\r\n\r\n")
    expect(sent(request: "/a", query_string: "b=c", version: "1.0")).to start_with("GET /a?b=c HTTP/1.0\r\n")
    expect(sent(method: :put, contenttype: "a/b", content: "é"))
      .to end_with("Content-type: a/b\r\nContent-length: 2\r\n\r\né".b)
    expect(sent(verb: "post")).to include("application/octet-stream\r\nContent-length: 0\r\n")
  end

  it "takes what it sends byte by byte, whatever the encodings" do
    head = sent(request: "é", query_string: "\xE9".b, cookie: "\xE9", custom_headers: { "é" => "\xE9" },
                host_header: "é".encode("UTF-16LE"), basic_auth: { username: "é", password: "\xE9" })
    expect(head).to start_with("GET /\xC3\xA9?\xE9 HTTP/1.1\r\nHost: \xE9\x00:80\r\n".b)
    expect(head).to end_with("Cookie: \xE9\r\n\xC3\xA9: \xE9\r\nAuthorization: Basic w6k66Q==\r\n\r\n".b)
    expect(sent(verb: "\xE9")).to eq(format("close%p", { status: 0 }))
  end

  it "reads a body with a length, one in chunks, and one that the end closes" do
    { "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcd" => "abc",
      "HTTP/1.1 200 OK\nTransfer-Encoding: gzip, Chunked\n\n3;x=y\r\nabc\r\n" \
      "00a\r\n0123456789\r\n0\r\nA: b\r\n\r\n" => "abc0123456789",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n" => "a",
      "\r\nHTTP/1.0 200\r\n\r\nabc" => "abc",
      "HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\nContent-Length: 1\r\n\r\na" => "a",
      "HTTP/1.1 200 OK\r\nContent-Length:\r\n 2\r\n\r\nab" => "ab",
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\nx" => "x" }
      .each do |answer, content|
        expect(outcome(answer)).to match([[:succeeded, include(status: 200, content: content)]]), answer
      end
  end

  it "gives status and header lines" do
    expect(outcome("HTTP/1.1 404 No\r\nA: b\r\n  c\r\nContent-length: 0\r\n\r\n", ended: false))
      .to eq([[:succeeded, { status: 404, content: "",
                             headers: ["HTTP/1.1 404 No", "A: b", "  c", "Content-length: 0"] }]])
  end

  it "waits for no body where there is none" do
    { "HTTP/1.1 204 No\r\nContent-length: 5\r\n\r\n" => {},
      "HTTP/1.1 304 Same\r\nContent-length: 5\r\n\r\n" => {},
      "HTTP/1.1 200 OK\r\nContent-length: 5\r\n\r\n" => { verb: :head } }.each do |answer, args|
      expect(outcome(answer, ended: false, **args)).to match([[:succeeded, include(content: "")]])
    end
  end

  it "fails without a complete response" do
    ["", "garbage\r\n\r\n", "HTTP/1.1 200 OK\r\nA", "HTTP/1.1 200 OK\r\nContent-length: 5\r\n\r\nabc",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nz\r\nab",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
     "HTTP/1.1 200 OK\r\nContent-length: 1\r\nContent-length: 2\r\n\r\nab",
     "HTTP/1.1 200 OK\r\nContent-length: -1\r\n\r\nab",
     "HTTP/1.1 200 OK\r\nContent-length: 99999999999\r\n\r\nab"].each do |answer|
      expect(outcome(answer)).to eq([[:failed, { status: 0 }]]), answer
    end
  end

  it "ends a body that has no end" do
    object = client.new(nil, {})
    object.connection_completed
    object.receive_data("HTTP/1.1 200 OK\r\n\r\n")
    65.times { object.receive_data("x" * 1024 * 1024) unless object.ended? }
    expect(object.log.last(2)).to eq([[:close], [:failed, { status: 0 }]])
  end

  it "fails for an unknown verb and a lost connection" do
    object = client.new(nil, verb: :bogus)
    object.connection_completed
    expect(object.log).to eq([[:close], [:failed, { status: 0 }]])
    object = client.new(nil, {})
    object.unbind
    expect(object.log.last).to eq([:failed, { status: 0 }])
  end

  it "refuses a content that is too long, and line breaks in the head" do
    expect { described_class.request(host: "h", content: "x" * (described_class::MaxPostContentLength + 1)) }
      .to raise_error(RuntimeError, /oversized content/)
    [{ request: "/ HTTP/1.0\r\nA: b" }, { custom_headers: { "a" => "b\nc" } }, { cookie: "\r" }]
      .each do |args|
        expect { described_class.request({ host: "h" }.merge(args)) }
          .to raise_error(ArgumentError, /line break/)
      end
  end
end
