# frozen_string_literal: true

require "socket"
require "em/connection"

module EventMachine
  # Answers a request of HTTP with the metrics, and closes.
  class MetricsEndpoint < Connection
    # Bytes of a request.
    LIMIT = 8192
    # Seconds without a request.
    TIMEOUT = 10
    # Connections at a time.
    MOST = 16
    # What may be asked for.
    PATHS = %w[/ /metrics].freeze

    class << self
      # Listens on a Unix socket whose file has these permissions from the first moment on.
      #
      # @return [Integer] the server's signature
      def listen(path, mode)
        raise TypeError, "mode is an Integer, not #{mode.inspect}" unless mode.is_a?(Integer)
        raise ArgumentError, "mode is from 0 to 0777, not #{mode.to_s(8)}" unless mode.between?(0, 0o777)

        make_way(path)
        former = File.umask(0o777 & ~mode)
        begin
          server = EventMachine.start_unix_domain_server(path, self)
        ensure
          File.umask(former)
        end
        EventMachine.set_max_connections(server, MOST)
        server
      end

      private

      # The file of a process that has ended is replaced when this one listens.
      def make_way(path)
        return unless File.exist?(path)
        raise Errno::EEXIST, "no socket: #{path}" unless File.socket?(path)
        raise Errno::EADDRINUSE, path if served?(path)
      end

      def served?(path)
        socket = Socket.new(:UNIX, :STREAM)
        socket.connect_nonblock(Addrinfo.unix(path), exception: false)
        true
      rescue Errno::ECONNREFUSED, Errno::ENOENT
        false
      ensure
        socket&.close
      end
    end

    # @return [void]
    def post_init
      @request = +""
      EventMachine.unref(self)
      self.comm_inactivity_timeout = TIMEOUT
    end

    # @return [void]
    def receive_data(data)
      return if @answered

      @request << data
      if @request.match?(/\r?\n\r?\n/)
        answer
      elsif @request.bytesize > LIMIT
        respond("431 Request Header Fields Too Large")
      end
    end

    private

    def answer
      verb, target, protocol = @request[/\A[^\r\n]*/].split
      return respond("400 Bad Request") unless protocol&.start_with?("HTTP/1.")
      return respond("405 Method Not Allowed", "Allow" => "GET, HEAD") unless %w[GET HEAD].include?(verb)
      return respond("404 Not Found") unless PATHS.include?(target[/\A[^?]*/])

      text = EventMachine.metrics.to_openmetrics
      respond("200 OK", { "Content-Type" => OpenMetrics::TYPE }, text, verb == "GET")
    end

    def respond(status, headers = {}, body = "#{status}\n", with_body = true)
      @answered = true
      headers = { "Content-Length" => body.bytesize, "Connection" => "close" }.merge(headers)
      lines = ["HTTP/1.1 #{status}", *headers.map { |name, value| "#{name}: #{value}" }]
      send_data("#{lines.join("\r\n")}\r\n\r\n")
      send_data(body) if with_body
      close_connection_after_writing
    end
  end
  private_constant :MetricsEndpoint
end
