# frozen_string_literal: true

module EventMachine
  module Debug
    # Logs the loop's life, servers, outgoing connections, what is sent, and how connections are closed.
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
      ruby2_keywords :run

      # @return [nil]
      def stop
        Debug.log("stop")
        super
      end

      # @return [Integer]
      def start_server(*args, &block)
        super.tap { |server| Debug.log("##{server} start_server #{Debug.address(get_sockname(server))}") }
      end
      ruby2_keywords :start_server

      # @return [Integer]
      def attach_server(*args, &block)
        super.tap { |server| Debug.log("##{server} attach_server #{Debug.address(get_sockname(server))}") }
      end
      ruby2_keywords :attach_server

      # @return [nil]
      def stop_server(signature)
        super.tap { Debug.log("##{signature} stop_server") }
      end

      # @return [Integer]
      def open_udp_socket(*)
        super.tap do |signature|
          Debug.datagram_sockets[signature] = true
          Debug.log("##{signature} open_datagram_socket #{Debug.address(get_sockname(signature))}")
        end
      end

      # @return [Integer]
      def send_datagram(signature, data, size, host, port)
        Debug.log("##{signature} send_datagram #{size} bytes to #{host}:#{port}")
        super
      end

      # @return [Integer]
      def send_data(signature, data, size)
        Debug.log("##{signature} send_data #{size} bytes")
        super
      end

      # @return [nil]
      def start_tls(signature)
        Debug.log("##{signature} start_tls")
        super
      end

      # @return [nil]
      def close_connection(signature, after_writing)
        Debug.log("##{signature} close_connection#{' after writing' if after_writing}")
        super
      end

      private

      def open_stream(server, port, *)
        super.tap { |signature| Debug.log("##{signature} connect #{[server, port].compact.join(':')}") }
      end

      # Only connections that a server accepted are made without this.
      def register(klass, signature, args)
        Thread.current[:eventmachine_debug_opens] = signature
        super
      end
    end

    # Logs timers, calls on the next turn, and work of the thread pool.
    module Scheduling
      # @return [Integer, nil]
      def add_timer(*args, &block)
        interval, callback = args
        callback ||= block
        return super unless callback && args.size <= 2

        timer = Callback.new(callback)
        super(interval, timer).tap do |signature|
          timer.event = "##{signature} timer"
          Debug.log("##{signature} add_timer #{interval} s #{Debug.place(callback)}")
        end
      end

      # @return [Object]
      def cancel_timer(timer)
        Debug.log("##{timer} cancel_timer") if timer.is_a?(Integer)
        super
      end

      # @return [nil]
      def next_tick(callback = nil, &block)
        callback ||= block
        return super unless callback.respond_to?(:call)

        super(Callback.new(callback, "next_tick"))
      end

      # @return [Thread::Queue]
      def defer(operation = nil, callback = nil, errback = nil, &block)
        operation ||= block
        return super unless operation.respond_to?(:call)

        place = Debug.place(operation)
        Debug.log("defer #{place}")
        work = -> { Debug.deferred(place, operation) }
        super(work, *[callback, errback].map { |call| call && Callback.new(call, "deferred result") })
      end
    end

    # Logs the calls of periodic timers.
    module PeriodicCalls
      # @param interval [Numeric] seconds
      # @param callback [#call, nil]
      # @param first [Numeric, nil] seconds
      def initialize(interval, callback = nil, first: nil, &block)
        super
        Debug.log("##{@signature} add_periodic_timer #{interval} s #{Debug.place(@code)}")
      end

      # @return [Integer, nil]
      def fire
        return super unless @signature

        Debug.callback("##{@signature} periodic timer #{Debug.place(@code)}") { super }
      end
    end

    # Runs an operation in a thread of the pool. It may take its time, so that is not reported as slow.
    #
    # @param place [String] where it is defined
    # @param operation [#call]
    # @return [Object]
    def self.deferred(place, operation)
      begun = monotonic
      operation.call
    ensure
      log(format("deferred work %s took %d ms", place, (monotonic - begun) * 1000))
    end

    EventMachine.singleton_class.prepend(Loop, Scheduling)
    PeriodicTimer.prepend(PeriodicCalls)
  end
end
