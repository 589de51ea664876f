# frozen_string_literal: true

require "timeout"
require "em/connection"
require "em/flow_control"
require "em/stream/options"
require "em/stream/waiting"
require "em/stream/reading"
require "em/stream/writing"

module EventMachine
  # A connection that a fiber reads and writes as an IO: where there is nothing to read, or too much to write, the fiber
  # waits, and the loop goes on. It is a {Connection}, so proxying, peer names and the like work on it.
  # {EventMachine.serve} and {Stream.connect} make streams.
  #
  # One fiber may read while another writes. Methods that wait raise {NotInFiber} in callbacks, Timeout::Error when they
  # wait for longer than {#timeout}, and IOError once the stream was closed from here. If the connection was lost, they
  # raise the reason: a SystemCallError, or a {CertificateError}.
  class Stream < Connection
    include Waiting
    include Reading
    include Writing

    # @return [Numeric, nil] how long a method may wait, in seconds; nil for any time
    attr_reader :timeout

    # Connects, and waits for that; with `tls:`, for the handshake too.
    #
    # @example
    #   EventMachine.fiber do
    #     EventMachine::Stream.connect("example.org", 443, tls: { verify: true }) do |stream|
    #       stream.write("HEAD / HTTP/1.0\r\nHost: example.org\r\n\r\n")
    #       puts stream.read
    #     end
    #   end
    # @param host [String] address or host name; without a port the path of a Unix domain socket
    # @param port [Integer, String, nil]
    # @param timeout [Numeric] seconds for connecting, and for the handshake
    # @param tls [Hash, true, nil] options of {Connection#start_tls}; true for none
    # @param options [Hash{Symbol => Integer}] see {#initialize}
    # @yieldparam stream [Stream] closed when the block ends
    # @return [Stream, Object] the stream; what the block returned, if there is one
    # @raise [SystemCallError, CertificateError] if it cannot connect, or the handshake fails
    # @raise [ConnectionError] as {EventMachine.connect}
    # @raise [ArgumentError, TypeError] as {#initialize} and {#start_tls}
    # @raise [NotInFiber] in a callback
    def self.connect(host, port = nil, timeout: 20, tls: nil, **options)
      EventMachine.__send__(:waiting_scheduler, "Stream.connect")
      options = Options.new(**options)
      tls = Options.tls(tls)
      limit = Options.timeout(timeout)
      stream = EventMachine.connect(host, *port, self, options)
      stream.pending_connect_timeout = limit if limit
      stream.__send__(:establish, tls)
      return stream unless block_given?

      begin
        yield stream
      ensure
        stream.close
      end
    end

    # @param options [Hash{Symbol => Numeric}]
    # @option options [Integer] :read_limit (262_144) bytes that may wait to be read before the connection is not read
    #   from
    # @option options [Integer] :high (65_536) bytes that wait to be sent when {#write} waits
    # @option options [Integer] :low (a quarter of high) bytes that wait to be sent when it goes on
    # @option options [Numeric] :timeout (nil) see {#timeout=}
    # @raise [ArgumentError, TypeError] for an unknown option, and for a value that makes no sense
    def initialize(options = {})
      super()
      options = Options.of(options)
      @stream_state = StreamState.new(options.read_limit, options.high, !options.timeout.nil?)
      @waiting = {}.compare_by_identity
      @high = options.high
      @low = options.low
      @timeout = options.timeout
      @flushing = 0
      begin_connection
    end

    # Another connection, by {#reconnect}: what the former one has left to read is dropped.
    #
    # @!visibility private
    def signature=(signature)
      super
      # None yet where the first connection is made.
      return unless @stream_state

      @stream_state.begin_anew
      begin_connection
    end

    # @param seconds [Numeric, nil] how long {#read}, {#write} and the like may wait, each time; nil for any time
    # @raise [ArgumentError, TypeError] unless it is positive
    def timeout=(seconds)
      @timeout = Options.timeout(seconds)
      @stream_state.timed = !@timeout.nil?
    end

    # Sends what was written, then closes the connection. May be called again.
    #
    # @return [nil]
    def close
      return if @stream_state.closed?

      @stream_state.close
      close_connection_after_writing unless @unbound
      wake
    end

    # @return [Boolean] whether it was closed from here, or the connection has ended
    def closed?
      @stream_state.closed? || @unbound
    end

    # As {Connection#start_tls}; in a fiber it waits for the end of the handshake.
    #
    # @param args [Hash] as {Connection#start_tls}
    # @return [nil]
    # @raise [SystemCallError, CertificateError] if the handshake fails
    def start_tls(args = {})
      super
      wait_until("TLS") { @secured } if ::Fiber.current_scheduler
      nil
    end

    # @!visibility private
    def connection_completed
      @connected = true
      wake
    end

    # @!visibility private
    def ssl_handshake_completed
      @secured = true
      wake
    end

    # @!visibility private
    def unbind(reason = nil)
      @fault = fault_of(reason)
      @unbound = true
      @stream_state.end_input
      wake
    end

    private

    def begin_connection
      @connected = @secured = @unbound = false
      @fault = nil
      tell_limits
    end

    # In a forked child, which has another loop.
    def abandon
      @fault = IOError.new("the connection belongs to the parent process")
      @unbound = true
      @stream_state.end_input
    end

    # One that is cancelled meanwhile, or cannot begin, leaves no connection behind.
    def establish(tls)
      wait_until("connecting") { @connected }
      start_tls(tls) if tls
      established = true
    ensure
      close_connection unless established
    end
  end
end
