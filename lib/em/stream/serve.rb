# frozen_string_literal: true

require "em/stream"

module EventMachine
  class Stream < Connection
    # Runs the block for a connection of a server in a task of its own.
    #
    # @!visibility private
    class Service
      # @param tls [Hash, nil]
      def initialize(tls, body)
        @tls = tls
        @body = body
        @reported = nil
      end

      # @param stream [Stream]
      # @return [Task, nil]
      def call(stream)
        EventMachine.fiber("a stream") { run(stream) }
      rescue FiberError => error
        stream.close_connection
        report(error)
      end

      private

      def run(stream)
        stream.start_tls(@tls) if @tls
        @body.call(stream)
      rescue StandardError => error
        # What peers do ends their connection, and nothing else.
        raise unless stream.__send__(:own?, error)
      ensure
        stream.close
      end

      # The system allows no more fibers: once in a second that is news.
      def report(error)
        now = Process.clock_gettime(Process::CLOCK_MONOTONIC)
        return if @reported && now < @reported + 1

        @reported = now
        warn "EventMachine.serve: a connection was closed: #{error.message}"
      end
    end
    private_constant :Service
  end

  class << self
    # Starts a server that runs the block for each connection, in a fiber of its own. The stream is closed when the
    # block ends.
    #
    # What the block raises goes where exceptions of tasks go, see {Task}, other than what the stream itself has raised
    # there, since a peer was lost, took too long or sent too little: that only ends the connection. If the system
    # allows no more fibers, connections are closed, and a warning says so once per second.
    #
    # @example
    #   EventMachine.serve("127.0.0.1", 8080) do |stream|
    #     stream.each_line { |line| stream.write(line.upcase) }
    #   end
    # @param host [String] as {start_server}
    # @param port [Integer, String, nil] as {start_server}; nil for a Unix domain socket
    # @param tls [Hash, true, nil] options of {Connection#start_tls}: the handshake comes before the block
    # @param max_connections [Integer, nil] see {set_max_connections}
    # @param options [Hash{Symbol => Numeric}] see {Stream#initialize}
    # @yieldparam stream [Stream]
    # @return [Integer] the server's signature, for {stop_server}
    # @raise [ArgumentError, TypeError] without a block, for an unknown option, and for a value that makes no sense
    # @raise [BadParams, FileNotFoundException] as {Connection#start_tls}
    # @raise [RuntimeError] as {start_server}
    def serve(host, port = nil, tls: nil, max_connections: nil, **options, &block)
      raise ArgumentError, "no block given" unless block

      kind = Stream.const_get(:Options)
      options = kind.new(**options)
      most = connection_limit(max_connections)
      service = Stream.const_get(:Service).new(kind.tls(tls), block)
      server = start_server(host, *port, Stream, options) { |stream| service.call(stream) }
      limit_connections(server, most) if most
      server
    end
  end
end
