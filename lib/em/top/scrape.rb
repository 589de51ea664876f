# frozen_string_literal: true

require "socket"

module EventMachine
  # What `eventmachine-top` consists of. It needs no reactor, and not the native library.
  module Top
    # The process cannot be asked; the message says why.
    class Unreachable < StandardError; end

    # The process has not answered in time: its loop is blocked.
    class Blocked < StandardError; end

    # Asks the server of `EventMachine.serve_metrics` for its text.
    class Scrape
      # What is asked.
      REQUEST = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
      # Why there is nobody to ask.
      REASONS = {
        Errno::ENOENT => "there is no such socket: is the path that of EventMachine.serve_metrics?",
        Errno::ECONNREFUSED => "nobody listens there: the process has ended without removing its socket",
        Errno::EACCES => "the socket's permissions do not let this user connect",
        Errno::ENOTSOCK => "that is no socket"
      }.freeze

      # @param path [String] of the socket
      # @param timeout [Numeric] seconds
      def initialize(path, timeout)
        @path = path
        @timeout = timeout
      end

      # @return [String]
      # @raise [Unreachable, Blocked]
      def text
        head, body = answer.force_encoding(Encoding::UTF_8).split("\r\n\r\n", 2)
        raise Unreachable, "#{@path}: not metrics of eventmachine" unless body && head.start_with?("HTTP/1.1 200 ")

        body
      end

      private

      def answer
        socket = Socket.new(:UNIX, :STREAM)
        connect(socket)
        socket.write(REQUEST)
        read(socket)
      rescue Errno::ECONNRESET, Errno::EPIPE
        raise Unreachable, "#{@path}: the connection was closed"
      ensure
        socket&.close
      end

      def connect(socket)
        return unless socket.connect_nonblock(Addrinfo.unix(@path), exception: false) == :wait_writable

        raise Blocked
      rescue Errno::EAGAIN
        raise Blocked
      rescue SystemCallError => error
        raise Unreachable, "#{@path}: #{REASONS.fetch(error.class, error.message)}"
      rescue ArgumentError => error
        raise Unreachable, "#{@path}: #{error.message}"
      end

      def read(socket)
        deadline = now + @timeout
        text = +""
        loop do
          left = deadline - now
          raise Blocked unless left.positive? && socket.wait_readable(left)

          piece = socket.read_nonblock(65_536, exception: false)
          return text if piece.nil?

          text << piece unless piece == :wait_readable
        end
      end

      def now
        Process.clock_gettime(Process::CLOCK_MONOTONIC)
      end
    end
  end
end
