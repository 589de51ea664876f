# frozen_string_literal: true

require_relative "real_server"

RSpec.describe EventMachine::Protocols::Socks4 do
  before(:all) do
    @port = RealServer.free_port
    @server = RealServer.new
    @server.start_on(@port, RealServer.program("twistd3", package: "python3-twisted"),
                     "--nodaemon", "--pidfile", "", "socks", "--port", @port.to_s)
  end

  after(:all) { @server&.stop }

  let(:client) do
    Class.new(described_class) do
      def initialize(host, port, log)
        super(host, port)
        @log = log
      end

      def post_init
        @log << :post_init
        send_data("hello")
      end

      def receive_data(data)
        @log << data
        close_connection
      end

      def unbind
        @log << :unbind
        EventMachine.stop
      end
    end
  end

  let(:echo) do
    Module.new do
      def post_init = send_data("welcome, ")
      def receive_data(data) = send_data(data)
    end
  end

  def through_proxy(host)
    log = []
    em do
      target = RealServer.free_port
      EventMachine.start_server("127.0.0.1", target, echo)
      EventMachine.connect("127.0.0.1", @port, client, host, target, log)
    end
    log
  end

  it "carries a connection to an address" do
    log = through_proxy("127.0.0.1")
    expect([log.first, log.last]).to eq(%i[post_init unbind])
    expect("welcome, hello").to start_with(log[1])
  end

  it "carries a connection to a name" do
    expect(through_proxy("localhost")).to start_with(:post_init, a_string_starting_with("welcome"))
  end

  it "is closed without post_init where the proxy cannot connect" do
    expect(through_proxy("127.0.0.9")).to eq([:unbind])
  end

  it "is closed where the name cannot be resolved" do
    expect(through_proxy("does-not-exist.invalid")).to eq([:unbind])
  end

  it "refuses what SOCKS4 cannot reach" do
    expect { em { EventMachine.connect("127.0.0.1", @port, client, "::1", 80, []) } }
      .to raise_error(ArgumentError, /::1/)
    expect { em { EventMachine.connect("127.0.0.1", @port, client, "127.0.0.1", 65_536, []) } }
      .to raise_error(ArgumentError, /65536/)
  end
end
