# frozen_string_literal: true

# The attempts of one connect, each with its own time: Connection#connection_attempt_timeout.
RSpec.describe "An attempt to connect" do
  let(:holes) { [] }
  let(:log) { [] }

  after { holes.flatten.each(&:close) }

  # The port of listeners whose backlog is full, so that they answer nobody: one at each address.
  def black_hole(*addresses)
    addresses.reduce(0) do |port, address|
      hole = Addrinfo.tcp(address, port).listen(0)
      holes << [hole, hole.local_address.connect]
      hole.local_address.ip_port
    end
  end

  # Connects as by a name that has these addresses.
  def connect(addresses, port, timeout: nil, whole: nil)
    entries = log
    signature = EventMachine.connect_addresses("host.example", addresses, port, nil, nil)
    connection = EventMachine::Connection.new(signature)
    connection.define_singleton_method(:connection_completed) do
      entries << remote_address.ip_address
      close_connection
    end
    connection.define_singleton_method(:unbind) { |reason| (entries << reason) && EventMachine.stop }
    EventMachine.instance_variable_get(:@conns)[signature] = connection
    connection.connection_attempt_timeout = timeout if timeout
    connection.pending_connect_timeout = whole if whole
    connection
  end

  def listener(port)
    EventMachine.start_server("127.0.0.1", port)
  end

  before { EventMachine.connection_attempt_delay = 60 }

  after { EventMachine.connection_attempt_delay = 0.25 }

  it "is given up after its time, and the next address is tried at once" do
    em do
      port = black_hole("127.0.0.2", "127.0.0.3")
      listener(port)
      connect(["127.0.0.2", "127.0.0.3", "127.0.0.1"], port, timeout: 0.02)
    end
    expect(log).to eq(["127.0.0.1", nil])
  end

  it "that is the last has its time, too" do
    em { connect(["127.0.0.2", "127.0.0.3"], black_hole("127.0.0.2", "127.0.0.3"), timeout: 0.02) }
    expect(log).to eq([Errno::ETIMEDOUT])
  end

  it "has its own time beside others" do
    EventMachine.connection_attempt_delay = 0.01
    em do
      addresses = ["127.0.0.2", "127.0.0.3", "127.0.0.4"]
      connect(addresses, black_hole(*addresses), timeout: 0.025)
    end
    expect(log).to eq([Errno::ETIMEDOUT])
  end

  it "may take no longer than all of the connect" do
    em { connect(["127.0.0.2", "127.0.0.3"], black_hole("127.0.0.2", "127.0.0.3"), timeout: 60, whole: 0.02) }
    expect(log).to eq([Errno::ETIMEDOUT])
  end

  it "has no limit of its own unless one is set" do
    em do
      port = black_hole("127.0.0.2")
      connection = connect(["127.0.0.2"], port)
      expect(connection.connection_attempt_timeout).to eq(0.0)
      connection.connection_attempt_timeout = 1
      expect(connection.connection_attempt_timeout).to eq(1.0)
      connection.connection_attempt_timeout = 0
      expect(connection.connection_attempt_timeout).to eq(0.0)
      done
    end
  end

  it "has no time to keep once the connection is made" do
    entries = log
    em do
      port = Addrinfo.new(EventMachine.get_sockname(listener(0))).ip_port
      EventMachine.connect("127.0.0.1", port, Module.new do
        define_method(:connection_completed) do
          entries << connection_attempt_timeout
          self.connection_attempt_timeout = 1
          entries << connection_attempt_timeout
          EventMachine.stop
        end
      end) { |connection| connection.connection_attempt_timeout = 60 }
    end
    expect(log).to eq([0.0, 0.0])
  end

  it "over a Unix socket whose server's backlog is full has its time, too" do
    server = Socket.new(:UNIX, :STREAM)
    path = socket_path
    server.bind(Addrinfo.unix(path))
    server.listen(0)
    waiting = UNIXSocket.new(path)
    entries = log
    em do
      handler = Module.new { define_method(:unbind) { |reason| (entries << reason) && EventMachine.stop } }
      EventMachine.connect(path, handler) { |connection| connection.connection_attempt_timeout = 0.03 }
    end
    [server, waiting].each(&:close)
    expect(log).to eq([Errno::ETIMEDOUT])
  end
end
