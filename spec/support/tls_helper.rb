# frozen_string_literal: true

require_relative "reactor_helper"
require_relative "tls_authority"

# Runs connections under TLS in one reactor, and tells what became of them.
module TLSHelper
  # Knows when everybody has gone, which ends the reactor.
  class Meeting
    def initialize(size)
      @awaited = size
    end

    def leave
      EventMachine.stop if (@awaited -= 1).zero?
    end
  end

  # A connection that notes what happens to it, and does what it is told at each event. The events are
  # :accepted (for both ends, when the object is made), :connected, :verifying, :secured, :received and
  # :ended.
  class End < EventMachine::Connection
    # What happened, in order; of several :received in a row, one.
    attr_reader :events
    # The data that came, joined.
    attr_reader :received
    # The certificates to be verified.
    attr_reader :certificates
    # What unbind was given, and the text that was there for it.
    attr_reader :reason, :error_text

    # @param options [Hash, nil] of start_tls, which is called at once; nil for plain text
    # @param doings [Hash{Symbol => Proc}] what to do at events, given the connection; the answer at
    #   :verifying is the verdict
    # @return [Class]
    def self.of(options, doings)
      Class.new(self) do
        define_method(:options) { options }
        define_method(:doings) { doings }
      end
    end

    def initialize(meeting)
      super()
      @meeting = meeting
      @events = []
      @certificates = []
      @received = +""
    end

    def post_init
      start_tls(options) if options
      note(:accepted)
    end

    def connection_completed
      note(:connected)
    end

    def ssl_verify_peer(certificate)
      @certificates << certificate
      note(:verifying)
    end

    def ssl_handshake_completed
      note(:secured)
    end

    def receive_data(data)
      @received << data
      @events << :received unless @events.last == :received
      doings[:received]&.call(self)
    end

    def unbind(reason)
      @reason = reason
      @error_text = ssl_verify_error
      note(:ended)
      @meeting.leave
    end

    def secured?
      @events.include?(:secured)
    end

    private

    def note(event)
      @events << event
      doings[event]&.call(self)
    end
  end

  # A client that only checks whether the connection works.
  def ping
    { secured: ->(client) { client.send_data("ping") },
      received: ->(client) { client.close_connection_after_writing } }
  end

  # A server for that client.
  def pong
    { received: ->(server) { server.send_data("pong") } }
  end

  # Lets a client talk to a server until both have ended.
  #
  # @param server [Hash, nil] options of start_tls; nil for plain text
  # @param client [Hash, nil] the same
  # @param serves [Hash{Symbol => Proc}] what the server does, see {End}
  # @param asks [Hash{Symbol => Proc}] what the client does
  # @param to [String] the host to connect to, or the path of a Unix socket
  # @return [Array(End, End)] the server and the client
  def converse(server: {}, client: {}, serves: pong, asks: ping, to: "127.0.0.1", limit: 5)
    meeting = Meeting.new(2)
    serving = connecting = nil
    em(limit) do
      port = listen(to, End.of(server, serves), meeting) { |made| serving = made }
      connecting = EventMachine.connect(to, port, End.of(client, asks), meeting)
    end
    [serving, connecting]
  end

  # Serves until the reactor is stopped.
  #
  # @return [Integer, nil] the port
  def listen(host, handler, *arguments, &block)
    if host.start_with?("/")
      EventMachine.start_unix_domain_server(host, handler, *arguments, &block)
      return
    end

    signature = EventMachine.start_server(host, 0, handler, *arguments, &block)
    Socket.unpack_sockaddr_in(EventMachine.get_sockname(signature)).first
  end

  # Expects that both ends have completed the handshake and exchanged their data.
  def expect_success(server, client)
    expect([client.error_text, server.error_text]).to eq([nil, nil])
    expect([server.received, client.received]).to eq(%w[ping pong])
    expect([server.reason, client.reason]).to eq([nil, nil])
  end
end

RSpec.configure { |config| config.include(TLSHelper, tls: true) }
