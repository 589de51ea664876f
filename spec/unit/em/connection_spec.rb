# frozen_string_literal: true

RSpec.describe EventMachine::Connection do
  # A connection with any signature; these examples use no reactor.
  let(:signature) { 4711 }
  let(:connection) { described_class.new(signature) }

  describe ".new" do
    it "takes anything for a signature and needs no reactor" do
      [nil, "blah", Object.new].each do |anything|
        expect(described_class.new(anything).signature).to equal(anything)
      end
    end

    it "requires a signature" do
      expect { described_class.new }.to raise_error(ArgumentError)
    end

    it "has the signature known to initialize, and calls post_init after it" do
      klass = Class.new(described_class) do
        attr_reader :seen

        def initialize(*args)
          super
          @seen = [[signature, *args]]
        end

        def post_init
          @seen << :post_init
        end
      end
      expect(klass.new(7, :a, "b").seen).to eq([[7, :a, "b"], :post_init])
    end

    it "hands keywords on" do
      klass = Class.new(described_class) do
        attr_reader :seen

        def initialize(first, option: nil)
          super
          @seen = [first, option]
        end
      end
      expect(klass.new(7, 1, option: 2).seen).to eq([1, 2])
    end

    it "can be aliased and replaced" do
      klass = Class.new(described_class) do
        class << self
          alias_method :plain_new, :new

          def new(signature)
            plain_new(signature * 2)
          end
        end
      end
      expect(klass.new(4).signature).to eq(8)
    end

    it "reaches post_init when it is private" do
      klass = Class.new(described_class) do
        attr_reader :called

        private def post_init
          @called = true
        end
      end
      expect(klass.new(1).called).to be(true)
    end
  end

  it "lets its signature be changed" do
    connection.signature = 12
    expect(connection.signature).to eq(12)
  end

  describe "the callbacks" do
    it "do nothing unless they are overridden" do
      callbacks = {
        post_init: [], connection_completed: [], receive_data: ["x"], unbind: [], ssl_handshake_completed: [],
        ssl_verify_peer: ["x"], proxy_target_unbound: [], proxy_completed: []
      }
      expect(callbacks.map { |name, args| connection.public_send(name, *args) }).to all(be_nil)
    end
  end

  # Applications and their specs replace functions of the module by stubs.
  {
    close_connection: [[], :close_connection, [false]],
    close_connection_after_writing: [[], :close_connection, [true]],
    detach: [[], :detach_fd, []],
    pause: [[], :pause_connection, []],
    resume: [[], :resume_connection, []],
    paused?: [[], :connection_paused?, []],
    get_proxied_bytes: [[], :get_proxied_bytes, []],
    get_peername: [[], :get_peername, []],
    get_sockname: [[], :get_sockname, []],
    get_pid: [[], :get_subprocess_pid, []],
    get_status: [[], :get_subprocess_status, []],
    get_idle_time: [[], :get_idle_time, []],
    comm_inactivity_timeout: [[], :get_comm_inactivity_timeout, []],
    set_comm_inactivity_timeout: [["2"], :set_comm_inactivity_timeout, [2.0]],
    pending_connect_timeout: [[], :get_pending_connect_timeout, []],
    set_pending_connect_timeout: [[3], :set_pending_connect_timeout, [3.0]],
    set_sock_opt: [[1, 2, true], :set_sock_opt, [1, 2, true]],
    get_sock_opt: [[1, 2], :get_sock_opt, [1, 2]],
    send_file_data: [["name"], :send_file_data, ["name"]],
    get_peer_cert: [[], :get_peer_cert, []],
    get_cipher_bits: [[], :get_cipher_bits, []],
    get_cipher_name: [[], :get_cipher_name, []],
    get_cipher_protocol: [[], :get_cipher_protocol, []],
    get_sni_hostname: [[], :get_sni_hostname, []],
    notify_readable?: [[], :is_notify_readable, []],
    notify_writable?: [[], :is_notify_writable, []],
    watch_only?: [[], :watch_only?, []]
  }.each do |name, (args, function, passed)|
    it "##{name} asks EventMachine.#{function}" do
      allow(EventMachine).to receive(function).with(signature, *passed).and_return(:answer)
      expect(connection.public_send(name, *args)).to eq(:answer)
    end
  end

  {
    comm_inactivity_timeout: [5, :set_comm_inactivity_timeout, 5.0],
    pending_connect_timeout: [5, :set_pending_connect_timeout, 5.0],
    notify_readable: [true, :set_notify_readable, true],
    notify_writable: [false, :set_notify_writable, false]
  }.each do |name, (value, function, passed)|
    it "##{name}= tells EventMachine.#{function}" do
      expect(EventMachine).to receive(function).with(signature, passed)
      connection.public_send(:"#{name}=", value)
    end
  end

  describe "#send_data" do
    it "hands over the data and its size in bytes" do
      expect(EventMachine).to receive(:send_data).with(signature, "é!", 3).and_return(3)
      expect(connection.send_data("é!")).to eq(3)
    end

    it "takes whatever has a text" do
      expect(EventMachine).to receive(:send_data).with(signature, "42", 2)
      expect(EventMachine).to receive(:send_data).with(signature, "", 0)
      connection.send_data(42)
      connection.send_data(nil)
    end
  end

  describe "#send_datagram" do
    it "hands over data, size and address" do
      expect(EventMachine).to receive(:send_datagram).with(signature, "5", 1, "127.0.0.1", 53).and_return(1)
      expect(connection.send_datagram(5, "127.0.0.1", "53")).to eq(1)
    end

    it "refuses a port that is no number" do
      expect { connection.send_datagram("x", "127.0.0.1", "domain") }
        .to raise_error(ArgumentError, /"domain"/)
    end
  end

  describe "#error?" do
    {
      0 => false, -1 => true, Errno::ECONNREFUSED::Errno => Errno::ECONNREFUSED, 99_999 => :unknown
    }.each do |errno, answer|
      it "is #{answer.inspect} for the status #{errno}" do
        allow(EventMachine).to receive(:report_connection_error_status).with(signature).and_return(errno)
        expect(connection.error?).to eq(answer)
      end
    end
  end

  describe "#enable_keepalive" do
    let(:options) { [] }

    before do
      allow(EventMachine).to receive(:set_sock_opt) do |_signature, *option|
        options << option
        0
      end
    end

    it "leaves the details to the system" do
      expect(connection.enable_keepalive).to eq(0)
      expect(options).to eq([[Socket::SOL_SOCKET, Socket::SO_KEEPALIVE, true]])
    end

    it "sets idle time, interval and count" do
      connection.enable_keepalive(5, 10, 15)
      expect(options.drop(1)).to eq(
        [
          [Socket::IPPROTO_TCP, Socket::TCP_KEEPIDLE, 5],
          [Socket::IPPROTO_TCP, Socket::TCP_KEEPINTVL, 10],
          [Socket::IPPROTO_TCP, Socket::TCP_KEEPCNT, 15]
        ]
      )
    end

    it "passes over what is nil or not positive" do
      connection.enable_keepalive(nil, 10.9)
      connection.enable_keepalive(0, 10, -1)
      expect(options - [[Socket::SOL_SOCKET, Socket::SO_KEEPALIVE, true]])
        .to eq([[Socket::IPPROTO_TCP, Socket::TCP_KEEPINTVL, 10]] * 2)
    end

    it "refuses what is no number, before it sets anything" do
      ["5", true].each do |anything|
        expect { connection.enable_keepalive(5, anything) }.to raise_error(TypeError, /#{anything.inspect}/)
      end
      expect(options).to be_empty
    end

    it "says what the system said" do
      allow(EventMachine).to receive(:set_sock_opt).and_raise(Errno::ENOTSOCK)
      reason = Errno::ENOTSOCK.new.message
      expect { connection.enable_keepalive }.to raise_error(RuntimeError, "unable to enable keepalive: #{reason}")
      expect { connection.disable_keepalive }.to raise_error(RuntimeError, "unable to disable keepalive: #{reason}")
    end

    it "takes three arguments at most" do
      expect { connection.enable_keepalive(1, 2, 3, 4) }
        .to raise_error(ArgumentError, /given 4, expected 0\.\.3/)
    end

    it "is undone by disable_keepalive" do
      expect(connection.disable_keepalive).to eq(0)
      expect(options).to eq([[Socket::SOL_SOCKET, Socket::SO_KEEPALIVE, false]])
    end
  end

  describe "#proxy_incoming_to" do
    let(:target) { described_class.new(12) }

    it "has the reactor proxy, without limit" do
      expect(EventMachine).to receive(:start_proxy).with(signature, 12, 0, 0)
      connection.proxy_incoming_to(target)
    end

    it "passes the size of the buffer" do
      expect(EventMachine).to receive(:start_proxy).with(signature, 12, 1024, 0)
      connection.proxy_incoming_to(target, 1024)
    end

    it "is ended by stop_proxying" do
      expect(EventMachine).to receive(:stop_proxy).with(signature)
      connection.stop_proxying
    end
  end

  describe "#reconnect" do
    it "goes through EventMachine.reconnect" do
      expect(EventMachine).to receive(:reconnect).with("127.0.0.1", 80, connection).and_return(connection)
      expect(connection.reconnect("127.0.0.1", 80)).to equal(connection)
    end
  end

  describe "#original_method" do
    it "is there for handlers that have a method named method" do
      klass = Class.new(described_class) do
        def method
          "GET"
        end
      end
      handler = klass.new(1)
      expect(handler.method).to eq("GET")
      expect(handler.original_method(:send_data).owner).to equal(described_class)
    end
  end
end
