# frozen_string_literal: true

require_relative "real_server"

RSpec.describe "The HTTP clients and nginx" do
  configuration = lambda do |port, directory|
    <<~NGINX
      daemon off;
      error_log stderr;
      pid #{directory}/pid;
      user root;
      events {}
      http {
        access_log off;
        keepalive_requests 3;
        client_body_temp_path #{directory}/body;
        proxy_temp_path #{directory}/proxy;
        fastcgi_temp_path #{directory}/fastcgi;
        uwsgi_temp_path #{directory}/uwsgi;
        scgi_temp_path #{directory}/scgi;
        server {
          listen 127.0.0.1:#{port};
          root #{directory}/www;
          location /chunked/ { ssi on; ssi_types *; alias #{directory}/www/; }
          location /none { return 204; }
          location /unchanged { return 304; }
          location /moved { return 302 /page; }
          location /echo {
            return 200 "$request_method|$host|$http_cookie|$http_authorization|$http_x_own|$args";
          }
        }
      }
    NGINX
  end

  before(:all) do
    @port = RealServer.free_port
    @server = RealServer.new
    Dir.mkdir(@server.path("www"))
    @server.write("www/page", "page\n" * 10_000)
    @server.write("www/empty", "")
    text = configuration.call(@port, @server.directory)
    text = text.sub(/^user root;\n/, "") unless Process.uid.zero?
    @server.start_on(@port, RealServer.program("nginx", package: "nginx-light"), "-p", @server.directory,
                     "-c", @server.write("nginx.conf", text))
  end

  after(:all) { @server&.stop }

  let(:page) { "page\n" * 10_000 }

  describe EventMachine::Protocols::HttpClient do
    def request(**args)
      result = nil
      em do
        http = described_class.request({ host: "127.0.0.1", port: @port }.merge(args))
        http.callback do |response|
          result = response
          done
        end
        http.errback { raise "no response" }
      end
      result
    end

    it "reads a response with a length, an empty one, and one in chunks" do
      expect(request(request: "/page")).to include(status: 200, content: page)
      expect(request(request: "/empty")).to include(status: 200, content: "")
      chunked = request(request: "/chunked/page")
      expect(chunked).to include(status: 200, content: page)
      expect(chunked[:headers]).to include(/\ATransfer-Encoding: chunked\z/i)
    end

    it "reads a response to HTTP/1.0, which the end of the connection ends" do
      response = request(request: "/chunked/page", version: "1.0")
      expect(response).to include(status: 200, content: page)
      expect(response[:headers].grep(/\A(?:content-length|transfer-encoding):/i)).to be_empty
    end

    it "reads responses without a body" do
      expect(request(request: "/none")).to include(status: 204, content: "")
      expect(request(request: "/unchanged")).to include(status: 304, content: "")
      expect(request(request: "/page", verb: :head)).to include(status: 200, content: "")
      expect(request(request: "/missing")).to include(status: 404, content: /404 Not Found/)
    end

    it "sends what it is told to" do
      response = request(request: "/echo", query_string: "a=b", cookie: "c=d",
                         custom_headers: { "X-Own" => "e" }, basic_auth: { username: "u", password: "p" },
                         verb: :post, content: "x" * 100)
      expect(response[:content]).to eq("POST|127.0.0.1|c=d|Basic dTpw|e|a=b")
    end

    it "refuses line breaks in a request" do
      expect { em { described_class.request(host: "127.0.0.1", port: @port, cookie: "a\r\nb: c") } }
        .to raise_error(ArgumentError, /cookie/)
    end
  end

  describe EventMachine::Protocols::HttpClient2 do
    def responses(*requests)
      results = []
      em do
        http = described_class.connect("127.0.0.1", @port)
        requests.each do |args|
          request = http.request(args)
          finish = proc do
            results << request
            done if results.size == requests.size
          end
          request.callback(&finish)
          request.errback(&finish)
        end
      end
      results
    end

    it "reads responses of all kinds over one connection" do
      results = responses({ uri: "/page" }, { uri: "/none" }, { uri: "/chunked/page" })
      expect(results.map { |request| [request.status, request.content] })
        .to eq([[200, page], [204, ""], [200, page]])
    end

    it "is not misled by the length in a response to HEAD or in a 304" do
      results = responses({ uri: "/page", verb: :head }, { uri: "/unchanged" }, { uri: "/moved" })
      expect(results.map(&:status)).to eq([200, 304, 302])
      expect(results[0].headers["content-length"]).to eq(["50000"])
      expect(results[2].headers["location"].first).to end_with("/page")
    end

    it "fails the requests that the server does not answer any more" do
      results = responses(*[{ uri: "/empty" }] * 4)
      expect(results.map(&:status)).to eq([200, 200, 200, nil])
      expect(results.map(&:internal_error)).to eq([nil, nil, nil, "incomplete response"])
    end

    it "reads a response that the end of the connection ends" do
      result, = responses({ uri: "/chunked/page", version: "1.0" })
      expect([result.status, result.content]).to eq([200, page])
    end

    it "makes GET and POST requests by their names" do
      contents = []
      em do
        http = described_class.connect(host: "127.0.0.1", port: @port)
        http.get(uri: "/echo", authorization: "Basic xyz").callback { |request| contents << request.content }
        http.post(uri: "/echo?q", content: "x").callback do |request|
          contents << request.content
          done
        end
      end
      expect(contents).to eq(["GET|127.0.0.1||Basic xyz||", "POST|127.0.0.1||||q"])
    end

    it "fails where nothing listens, and later requests at once" do
      log = []
      em do
        http = described_class.connect("127.0.0.1", RealServer.free_port)
        http.get("/").errback do
          log << :first
          http.get("/").errback do
            log << :second
            done
          end
        end
      end
      expect(log).to eq(%i[first second])
    end
  end
end
