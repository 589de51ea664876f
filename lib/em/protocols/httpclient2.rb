# frozen_string_literal: true

require_relative "http/reader"
require_relative "http/request_head"

module EventMachine
  module Protocols
    # Makes HTTP requests over one connection, one after the other or pipelined.
    #
    # @example
    #   http = EventMachine::Protocols::HttpClient2.connect("example.com", 80)
    #   request = http.get("/")
    #   request.callback { puts request.status, request.headers, request.content }
    #   request.errback { puts request.internal_error }
    class HttpClient2 < Connection
      include LineText2

      MAX_LINE_LENGTH = 256 * 1024
      private_constant :MAX_LINE_LENGTH

      # A request and its response. It succeeds, with itself, when the response is complete. It fails if there
      # is none, or if it has more than 64 MiB.
      class Request
        include Deferrable
        include Http::Response

        # A status line, for programs that look at header lines themselves: version and status.
        HttpResponseRE = %r{\AHTTP/(1.[01]) (\d{3})}i

        # A header line with the length of the body, in bytes.
        ClenRE = /\AContent-length:\s*(\d+)/i

        # A header line of a chunked body.
        ChunkedRE = /\ATransfer-encoding:\s*chunked/i

        # The separator of a header field's name and value.
        ColonRE = /:\s*/

        # @param conn [HttpClient2]
        # @param args [Hash] see {HttpClient2#request}
        def initialize(conn, args)
          @conn = conn
          @args = args
          @verb = Http.bytes(args[:verb] || "GET").upcase
          expect_response(head: @verb == "HEAD", limit: Http::MAX_CONTENT_LENGTH)
        end

        # @return [void]
        # @api private
        def send_request
          content = @args[:content].to_s if @args[:content] || %w[POST PUT PATCH].include?(@verb)
          @conn.send_data(Http.request_head(@verb, target, @args[:version] || "1.1", fields(content)))
          @conn.send_data(content) unless content.to_s.empty?
        end

        private

        def target
          target = (@args[:uri] || @args[:url]).to_s
          target.empty? ? "/" : target
        end

        def fields(content)
          [["Host", @args[:host_header] || "_"],
           ["Authorization", @args[:authorization]],
           ["Cookie", @args[:cookie]],
           ["Content-type", content && (@args[:content_type] || "application/octet-stream")],
           ["Content-length", content&.bytesize]]
        end
      end

      # Connects to a server.
      #
      # @overload connect(host, port = 80)
      # @overload connect(args)
      #   @param args [Hash] :host, :port and, for TLS, :tls (or :ssl)
      # @raise [ArgumentError] if the port is not a number
      # @return [HttpClient2]
      def self.connect(*args)
        options = args.first.is_a?(Hash) ? args.first : { host: args[0], port: args[1] }
        tls = options[:tls] || options[:ssl]
        host = options[:host]
        port = Integer(options[:port] || (tls ? 443 : 80))
        EventMachine.connect(host, port, self) { |client| client.set_default_host_header(host, port, tls) }
      end

      def initialize
        super
        @requests = []
        @connected = false
        @closed = false
      end

      # @return [void]
      def post_init; end

      # @param host [String]
      # @param port [Integer]
      # @param ssl [Boolean] whether TLS is used
      # @return [void]
      # @api private
      def set_default_host_header(host, port, ssl)
        @tls = ssl
        @host_header = port == (ssl ? 443 : 80) ? host : "#{host}:#{port}"
      end

      # Makes a GET request.
      #
      # @param args [String, Hash] the path and query, or what {#request} takes
      # @return [Request]
      def get(args)
        request(arguments(args, "GET"))
      end

      # Makes a POST request.
      #
      # @param args [String, Hash] the path and query, or what {#request} takes
      # @return [Request]
      def post(args)
        request(arguments(args, "POST"))
      end

      # Makes a request. It does not wait for the responses of other requests.
      #
      # @param args [Hash]
      # @option args [String] :uri (/) path and query
      # @option args [String, Symbol] :verb (GET)
      # @option args [String] :version (1.1)
      # @option args [String] :host_header
      # @option args [String] :authorization
      # @option args [String] :cookie
      # @option args [String] :content
      # @option args [String] :content_type (application/octet-stream)
      # @raise [ArgumentError] if one of them contains a line break
      # @return [Request]
      def request(args)
        Http.check_arguments(args)
        request = Request.new(self, { host_header: @host_header }.merge(args))
        return fail_request(request, "connection closed") if @closed

        request.send_request if @connected
        @requests << request
        request
      end

      # @return [void]
      def connection_completed
        start_tls if @tls
        @connected = true
        @requests.each(&:send_request)
      end

      # Removes the oldest request without a response.
      #
      # @return [Request, nil]
      # @api private
      def pop_request
        @requests.shift
      end

      # @param line [String]
      # @return [void]
      # @api private
      def receive_line(line)
        return refuse unless (request = @requests.first)

        request.receive_line(line)
        read_on(request)
      end

      # @param data [String]
      # @return [void]
      # @api private
      def receive_binary_data(data)
        return unless (request = @requests.first)

        request.receive_binary_text(data)
        read_on(request)
      end

      # @return [void]
      def unbind
        @closed = true
        @requests.first&.finish
        settle(pop_request) until @requests.empty?
      end

      private

      def lt2_limit
        MAX_LINE_LENGTH
      end

      def lt2_text_limit
        Http::MAX_CONTENT_LENGTH
      end

      def receive_error(message)
        @requests.first&.fail_with(message)
      end

      # The server sends data that nobody asked for.
      def refuse
        lt2_drop_input
        close_connection
      end

      def arguments(args, verb)
        (args.is_a?(Hash) ? args : { uri: args }).merge(verb: verb)
      end

      def read_on(request)
        return Http.read_on(request, self) if request.open?

        last = !request.keep_alive?
        set_text_mode if last
        settle(pop_request)
        close_connection if last
      end

      def settle(request)
        return request.succeed(request) if request.complete?

        fail_request(request, "connection closed")
      end

      def fail_request(request, message)
        request.fail_with(message) if request.open?
        request.fail
        request
      end
    end
  end
end
