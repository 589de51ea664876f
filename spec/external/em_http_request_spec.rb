# frozen_string_literal: true

require "em-http-request"
require "pathname"
require "tempfile"

require_relative "origin"

RSpec.describe "em-http-request" do
  around { |example| Origin.open { |origin| (@origin = origin) && example.run } }

  let(:url) { "http://127.0.0.1:#{@origin.port}" }

  # Outcome of a request: status, body and error.
  def outcome
    result = nil
    em do
      client = yield
      finish = proc do
        result = [client.response_header.status, client.response, client.error]
        done
      end
      client.callback(&finish)
      client.errback(&finish)
    end
    result
  end

  def get(path, request = {}, **connection)
    outcome { EventMachine::HttpRequest.new(url + path, **connection).get(request) }
  end

  it "gets, follows a redirection, and puts chunks together" do
    expect(get("/echo")).to eq([200, "GET /echo 0 0", nil])
    expect(get("/moved", { redirects: 1 })).to eq([200, "GET /echo 0 0", nil])
    expect(get("/chunked")).to eq([200, "onetwo", nil])
  end

  it "takes a large body, and sends one" do
    expect(get("/large")).to eq([200, "0123456789" * 300_000, nil])
    body = "y" * 500_000
    answer = outcome { EventMachine::HttpRequest.new("#{url}/echo").post(body: body) }
    expect(answer).to eq([200, "POST /echo 500000 #{body.sum}", nil])
  end

  it "sends a file from the disk" do
    Tempfile.create do |file|
      content = Random.new(1).bytes(600_000)
      file.tap { |it| it.binmode.write(content) }.flush
      answer = outcome { EventMachine::HttpRequest.new("#{url}/echo").put(file: file.path) }
      expect(answer).to eq([200, "PUT /echo 600000 #{content.sum}", nil])
    end
  end

  it "sends one request after another on a connection" do
    bodies = []
    em do
      connection = EventMachine::HttpRequest.new(url)
      clients = (1..3).map { |number| connection.get(path: "/#{number}", keepalive: number < 3) }
      clients.each { |client| client.callback { (bodies << client.response).size == 3 && done } }
    end
    expect(bodies).to eq((1..3).map { |number| "GET /#{number} 0 0" })
  end

  it "tells what went wrong" do
    expect(get("/cut")).to eq([200, "part", "connection closed by server"])
    expect(get("/silent", inactivity_timeout: 0.1).last).to eq(Errno::ETIMEDOUT)
    refused = outcome { EventMachine::HttpRequest.new("http://127.0.0.1:#{free_port}").get }
    expect(refused.last).to eq(Errno::ECONNREFUSED)
    unknown = outcome { EventMachine::HttpRequest.new("http://unknown.invalid").get }
    expect(unknown.last).to start_with("unable to resolve address")
  end

  it "makes many requests at once" do
    bodies = []
    em do
      100.times do |number|
        client = EventMachine::HttpRequest.new("#{url}/#{number}").get
        client.callback { (bodies << client.response).size == 100 && done }
      end
    end
    expect(bodies).to match_array(Array.new(100) { |number| "GET /#{number} 0 0" })
  end

  describe "under TLS" do
    around do |example|
      issued = TLSAuthority.localhost(:rsa2048)
      context = OpenSSL::SSL::SSLContext.new
      context.add_certificate(issued.certificate, issued.key)
      Origin.open(context) { |origin| (@secure = origin) && example.run }
    end

    def secured(path, verify_peer: false)
      url = "https://localhost:#{@secure.port}#{path}"
      EventMachine::HttpRequest.new(url, tls: { verify_peer: verify_peer })
    end

    it "gets and posts" do
      expect(outcome { secured("/large").get }).to eq([200, "0123456789" * 300_000, nil])
      body = "z" * 500_000
      expect(outcome { secured("/echo").post(body: body) }).to eq([200, "POST /echo 500000 #{body.sum}", nil])
    end

    it "refuses a certificate of an authority that it does not know" do
      expect { outcome { secured("/echo", verify_peer: true).get } }
        .to raise_error(OpenSSL::SSL::SSLError, /unable to verify the server certificate/)
    end
  end
end
