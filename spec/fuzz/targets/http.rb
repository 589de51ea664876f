# frozen_string_literal: true

module ProtocolFuzz
  one_request = Module.new do
    def initialize
      super
      @args = { host: "h", port: 80, verb: verb }
      callback { |response| note(:succeeded, response) }
      errback { |response| note(:failed, response) }
      connection_completed
    end
  end

  target("http_client", EventMachine::Protocols::HttpClient, flood: "HTTP/1.1 200 OK\r\n", limit: 1) do
    include one_request

    def verb = "GET"
  end

  target("http_client_head", EventMachine::Protocols::HttpClient, flood: "A: b\r\n", limit: 1) do
    include one_request

    def verb = "HEAD"
  end

  target("http_client2", EventMachine::Protocols::HttpClient2, flood: "HTTP/1.1 200 OK\r\n", limit: 1) do
    def initialize
      super
      set_default_host_header("h", 80, false)
      connection_completed
      [{}, { verb: "HEAD" }, {}].each do |args|
        request = request(args)
        request.callback { note(:succeeded, request.status, request.headers, request.content) }
        request.errback { note(:failed, request.internal_error) }
      end
    end
  end
end
