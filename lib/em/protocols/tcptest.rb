# frozen_string_literal: true

module EventMachine
  module Protocols
    # Checks whether a TCP port accepts connections. The connection is closed as soon as it is established.
    #
    # @example
    #   check = EventMachine::Protocols::TcpConnectTester.test("www.example.com", 443)
    #   check.callback { |seconds| puts "connected in #{(seconds * 1000).round} ms" }
    #   check.errback { |seconds| puts "no connection after #{seconds.round} s" }
    class TcpConnectTester < Connection
      include Deferrable

      # @param host [String]
      # @param port [Integer]
      # @return [TcpConnectTester] succeeds or fails with the time that it took, in seconds
      # @raise [ConnectionError] if the host cannot be resolved
      def self.test(host, port)
        EventMachine.connect(host, port, self)
      end

      # @return [void]
      def post_init
        @connecting_since = monotonic
      end

      # @return [void]
      def connection_completed
        report(:succeeded)
        close_connection
      end

      # @return [void]
      def unbind
        report(:failed)
      end

      private

      # The first outcome counts: a port that accepted is not closed because the connection ends.
      def report(outcome)
        return unless @connecting_since

        seconds = monotonic - @connecting_since
        @connecting_since = nil
        set_deferred_status(outcome, seconds)
      end

      def monotonic
        Process.clock_gettime(Process::CLOCK_MONOTONIC)
      end
    end
  end
end
