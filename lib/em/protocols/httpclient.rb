# frozen_string_literal: true

require_relative "http/reader"
require_relative "http/request_head"

module EventMachine
  module Protocols
    # Makes one HTTP request, in a connection of its own.
    #
    # @example
    #   http = EventMachine::Protocols::HttpClient.request(host: "example.com", request: "/index.html")
    #   http.callback { |response| puts response[:status], response[:headers], response[:content] }
    #   http.errback { puts "no response" }
    class HttpClient < Connection
      include Deferrable

      # Most bytes of a request's content.
      MaxPostContentLength = 20 * 1024 * 1024

      VERBS = %w[GET HEAD POST PUT PATCH DELETE OPTIONS TRACE].freeze
      VERBS_WITH_CONTENT = %w[POST PUT PATCH].freeze
      private_constant :VERBS, :VERBS_WITH_CONTENT

      # Connects to a server and makes a request.
      #
      # @param args [Hash]
      # @option args [String] :host
      # @option args [Integer] :port (80)
      # @option args [Boolean] :ssl whether to use TLS
      # @option args [String, Symbol] :verb (GET), also called :method
      # @option args [String] :request (/) the path
      # @option args [String] :query_string
      # @option args [String] :version (1.1)
      # @option args [String] :host_header name for the Host field, if it is not the host
      # @option args [String] :content for POST, PUT and PATCH
      # @option args [String] :contenttype (application/octet-stream), also called :content_type
      # @option args [String] :cookie
      # @option args [Hash] :custom_headers more header fields
      # @option args [Hash] :basic_auth {username: String, password: String}
      # @raise [RuntimeError] if the content is longer than {MaxPostContentLength}
      # @raise [ArgumentError] if something that goes into the head contains a line break
      # @return [HttpClient] succeeds with a Hash of :status (Integer), :headers (Array<String>, the status
      #   line first) and :content (String); fails with {status: 0} if there is no complete response, or one
      #   of more than 64 MiB
      def self.request(args = {})
        args = { port: 80 }.merge(args)
        Http.check_arguments(args)
        raise "oversized content in HTTP POST" if args[:content].to_s.bytesize > MaxPostContentLength

        EventMachine.connect(args[:host], args[:port], self) do |client|
          client.instance_variable_set(:@args, args)
        end
      end

      def initialize
        super
        @connected = nil
        @headers = nil
        @settled = false
      end

      # @return [void]
      def post_init
        @start_time = Time.now
      end

      # @return [void]
      def connection_completed
        @connected = true
        start_tls if @args[:ssl]
        send_request(@args)
      end

      # Sends the request. One of an unknown verb fails.
      #
      # @param args [Hash] see {.request}
      # @return [void]
      # @api private
      def send_request(args)
        verb = Http.bytes(args[:verb] || args[:method] || :get).upcase
        return give_up unless VERBS.include?(verb)

        content = VERBS_WITH_CONTENT.include?(verb) ? args[:content].to_s : nil
        @reader = Http::Reader.new(head: verb == "HEAD", limit: Http::MAX_CONTENT_LENGTH)
        send_data(Http.request_head(verb, target(args), args[:version] || "1.1", fields(args, content)))
        send_data(content) if content && !content.empty?
      end

      # @param data [String]
      # @return [void]
      def receive_data(data)
        return if @settled || @reader.nil?

        @reader.receive_data(data)
        settle unless @reader.open?
      end

      # @return [void]
      def unbind
        return if @settled
        return give_up unless @reader

        @reader.finish
        settle
      end

      # Succeeds with the response.
      #
      # @return [void]
      # @api private
      def dispatch_response
        @headers = @reader.header_lines
        @content = @reader.content
        parse_response_line
        set_deferred_status(:succeeded, { content: @content, headers: @headers, status: @status })
      end

      private

      def parse_response_line
        @status = @reader.status
      end

      def target(args)
        path = Http.bytes(args[:request])
        path.prepend("/") unless path.start_with?("/")
        query = Http.bytes(args[:query_string])
        query.prepend("?") unless query.empty? || query.start_with?("?")
        path << query
      end

      def fields(args, content)
        [["Host", Http.bytes(args[:host_header] || args[:host]) << ":#{args[:port]}"],
         ["User-agent", "Ruby EventMachine"],
         *content_fields(args, content),
         ["Cookie", args[:cookie]],
         *args[:custom_headers],
         ["Authorization", basic_auth(args[:basic_auth])]]
      end

      def content_fields(args, content)
        return [] unless content

        type = args[:contenttype] || args[:content_type] || "application/octet-stream"
        [["Content-type", type], ["Content-length", content.bytesize]]
      end

      def basic_auth(auth)
        auth && "Basic #{[Http.bytes(auth[:username]) << ':' << Http.bytes(auth[:password])].pack('m0')}"
      end

      def settle
        return give_up unless @reader.complete?

        @settled = true
        close_connection
        dispatch_response
      end

      def give_up
        @settled = true
        close_connection
        set_deferred_status(:failed, { status: 0 })
      end
    end
  end
end
