# frozen_string_literal: true

require "em/tls_parameters"

module EventMachine
  class Stream < Connection
    # How a {Stream} reads and writes. All is checked here, so that a server learns of a mistake when it starts, and
    # not from its first connection.
    #
    # @!visibility private
    class Options
      # @return [Integer] bytes
      attr_reader :read_limit, :high, :low
      # @return [Numeric, nil] seconds
      attr_reader :timeout

      class << self
        # @param options [Hash, Options]
        # @return [Options]
        # @raise [ArgumentError, TypeError] as {Stream#initialize}
        def of(options)
          options.is_a?(self) ? options : new(**options)
        end

        # @param options [Hash, true, nil] of {Connection#start_tls}
        # @return [Hash, nil]
        # @raise [BadParams, FileNotFoundException, TypeError, ArgumentError] as {Connection#start_tls}
        def tls(options)
          return unless options
          return {} if options == true

          TLSParameters.new(options).then { |parameters| [parameters.to_a, parameters.additions] }
          options
        end

        # @param seconds [Numeric, nil]
        # @return [Numeric, nil]
        # @raise [ArgumentError, TypeError] unless it is positive
        def timeout(seconds)
          return if seconds.nil?

          EventMachine.__send__(:not_negative, seconds, "timeout")
          raise ArgumentError, "timeout must be positive: #{seconds}" if seconds.zero?

          seconds
        end
      end

      # @param read_limit [Integer]
      # @param high [Integer]
      # @param low [Integer, nil]
      # @param timeout [Numeric, nil]
      def initialize(read_limit: 262_144, high: 65_536, low: nil, timeout: nil)
        @read_limit = size(:read_limit, read_limit)
        @high = size(:high, high)
        @low = low.nil? ? high / 4 : size(:low, low, 0)
        raise ArgumentError, "low must be below high: #{low}, #{high}" unless @low < high

        @timeout = self.class.timeout(timeout)
        freeze
      end

      private

      def size(...)
        EventMachine.__send__(:check_size, ...)
      end
    end
    private_constant :Options
  end
end
