# frozen_string_literal: true

require "delegate"

module EventMachine
  # Logs what the loop does, one line per event, to standard error. It is loaded only if the environment has
  # `EM_DEBUG=1` or `EM_DEBUG=true`. It works by wrapping methods, so it costs nothing otherwise.
  module Debug
    # Time at which the log began, in seconds on the monotonic clock.
    START = Process.clock_gettime(Process::CLOCK_MONOTONIC)

    # A callback that takes longer than this, in seconds, is reported: nothing else runs meanwhile.
    SLOW = 0.1

    class << self
      # Writes one line. It takes one write, so lines of several threads and processes do not mix.
      #
      # @param text [String]
      # @return [void]
      def log(text)
        $stderr.write(format("EM %d %.6f %s\n", Process.pid, monotonic - START, text))
      end

      # Logs a callback, calls it, and reports it if it was slow.
      #
      # @param text [String] what is called
      # @yield calls it
      # @return [Object] what the block returned
      def callback(text)
        log(text)
        begun = monotonic
        yield
      ensure
        seconds = monotonic - begun
        log(format("%s took %d ms, and blocked the loop", text, seconds * 1000)) if seconds > SLOW
      end

      # @param packed [String, nil] a socket address
      # @return [String] such as "127.0.0.1:8080", or the path of a Unix domain socket
      def address(packed)
        return "?" unless packed

        address = Addrinfo.new(packed)
        return address.inspect_sockaddr unless address.unix?

        address.unix_path.empty? ? "a Unix domain socket" : address.unix_path
      rescue SocketError
        "?"
      end

      # @param callback [#call]
      # @return [String] where it is defined, or its class
      def place(callback)
        callback = callback.method(:call) unless callback.respond_to?(:source_location)
        file, line = callback.source_location
        file ? "#{file}:#{line}" : callback.inspect
      end

      # @return [Float] seconds
      def monotonic
        Process.clock_gettime(Process::CLOCK_MONOTONIC)
      end
    end

    # Stands for a callback that the application gave, and equals it.
    class Callback < SimpleDelegator
      # @param callback [#call]
      # @param event [String] what to call it in the log
      def initialize(callback, event = nil)
        super(callback)
        @event = event
      end

      # @return [String] what to call it in the log
      attr_writer :event

      # @return [Object]
      def call(*args, &block)
        Debug.callback("#{@event} #{Debug.place(__getobj__)}") { __getobj__.call(*args, &block) }
      end
      ruby2_keywords :call
    end
  end
  private_constant :Debug
end

require_relative "debug/handlers"
require_relative "debug/connections"
require_relative "debug/loop"
