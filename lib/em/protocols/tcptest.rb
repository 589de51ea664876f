# frozen_string_literal: true

module EventMachine
  module Protocols
    # Finds out whether a TCP port accepts connections. The connection is closed as soon as it stands.
    #
    # @example
    #   tester = EventMachine::Protocols::TcpConnectTester.test("127.0.0.1", 80)
    #   tester.callback { |seconds| puts "open, after #{seconds} s" }
    #   tester.errback { puts "closed" }
    class TcpConnectTester < Connection
      include Deferrable

      # @param host [String]
      # @param port [Integer]
      # @raise [ConnectionError] if the host cannot be resolved
      # @return [TcpConnectTester] succeeds or fails with the seconds that it took
      def self.test(host, port)
        EventMachine.connect(host, port, self)
      end

      # @return [void]
      def post_init
        @start_time = Process.clock_gettime(Process::CLOCK_MONOTONIC)
      end

      # @return [void]
      def connection_completed
        @completed = true
        set_deferred_status(:succeeded, elapsed)
        close_connection
      end

      # @return [void]
      def unbind
        set_deferred_status(:failed, elapsed) unless @completed
      end

      private

      def elapsed
        Process.clock_gettime(Process::CLOCK_MONOTONIC) - @start_time
      end
    end
  end
end
