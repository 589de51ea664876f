# frozen_string_literal: true

require "delegate"

module EventMachine
  # Writes a line to standard error for each event of the loop. It is loaded only where the environment has
  # EM_DEBUG=1, and works by wrapping methods, so that there is nothing to pay for otherwise.
  module Debug
    # Seconds on the monotonic clock at which the log began.
    START = Process.clock_gettime(Process::CLOCK_MONOTONIC)

    # Writes one line, by one write, so that those of several threads and processes do not mix.
    #
    # @param text [String]
    # @return [void]
    def self.log(text)
      elapsed = Process.clock_gettime(Process::CLOCK_MONOTONIC) - START
      $stderr.write(format("EM %d %.6f %s\n", Process.pid, elapsed, text))
    end

    # What stands before the methods of each connection.
    module Events
      # @return [void]
      def receive_data(data)
        event("receive_data #{data.to_s.bytesize} bytes")
        super
      end

      # @return [void]
      def connection_completed
        event("connection_completed")
        super
      end

      # @return [void]
      def ssl_handshake_completed
        event("ssl_handshake_completed")
        super
      end

      # @return [Boolean]
      def ssl_verify_peer(certificate)
        event("ssl_verify_peer")
        super
      end

      # @return [void]
      def proxy_target_unbound
        event("proxy_target_unbound")
        super
      end

      # @return [void]
      def proxy_completed
        event("proxy_completed")
        super
      end

      # @return [void]
      def unbind(reason = nil)
        event("unbind#{" #{reason}" if reason}")
        method(:unbind).super_method.arity.zero? ? super() : super
      end

      private

      def event(text)
        Debug.log("##{@signature} #{self.class.name || self.class.superclass} #{text}")
      end
    end

    # Has each connection log its events, from the first on.
    module Connections
      # @return [Connection]
      def new(signature, *args)
        Debug.log("##{signature} #{name || superclass} new")
        super
      end
      ruby2_keywords :new

      # @return [Connection]
      def allocate
        super.extend(Events)
      end
    end

    # The callback of a timer, which equals what the application gave.
    class Timer < SimpleDelegator
      attr_writer :signature

      # @return [Object]
      def call(...)
        Debug.log("##{@signature} timer")
        super
      end
    end

    # Logs the loop's life, timers and servers.
    module Loop
      # @return [Object, nil]
      def run(*args, &block)
        return super if reactor_running?

        begin
          Debug.log("run (#{library_info.values_at(:version, :poller, :tls).compact.join(', ')})")
          super
        ensure
          Debug.log("end of run")
        end
      end

      # @return [Integer, nil]
      def add_timer(*args, &block)
        interval, callback = args
        callback ||= block
        return super unless callback && args.size <= 2

        timer = Timer.new(callback)
        timer.signature = super(interval, timer)
      end

      # @return [Integer]
      def start_server(*args, &block)
        super.tap { |signature| Debug.log("##{signature} start_server #{args.first} #{args[1]}".rstrip) }
      end
      ruby2_keywords :start_server
    end

    Connection.singleton_class.prepend(Connections)
    EventMachine.singleton_class.prepend(Loop)
  end
  private_constant :Debug
end
