# frozen_string_literal: true

RSpec.describe "TCP" do
  let(:log) { [] }
  let(:port) { free_port }

  # Records the events of a connection, and replies as configured.
  def recorder(log, name, **answers)
    Module.new do
      define_method(:record) do |event, *details|
        log << [name, event, *details]
        instance_exec(*details, &answers[event]) if answers[event]
      end
      define_method(:post_init) { record(:post_init) }
      define_method(:connection_completed) { record(:connection_completed) }
      define_method(:receive_data) { |data| record(:receive_data, data) }
      define_method(:unbind) { |reason| record(:unbind, reason) }
    end
  end

  def events(name)
    log.select { |who, _| who == name }.map { |_, *event| event }
  end

  it "leads both sides through their lives in order" do
    server = recorder(log, :server, receive_data: ->(data) { send_data(data.upcase) })
    client = recorder(
      log, :client,
      connection_completed: -> { send_data("hello") }, receive_data: ->(_) { close_connection },
      unbind: ->(_) { EventMachine.add_timer(0.02) { EventMachine.stop } }
    )
    em do
      EventMachine.start_server("127.0.0.1", port, server)
      EventMachine.connect("127.0.0.1", port, client)
    end
    expect(events(:client)).to eq(
      [[:post_init], [:connection_completed], [:receive_data, "HELLO"], [:unbind, nil]]
    )
    expect(events(:server)).to eq([[:post_init], [:receive_data, "hello"], [:unbind, nil]])
  end

  it "gives arguments to initialize and the connection to the block, on both sides" do
    handler = Class.new(EventMachine::Connection) do
      attr_reader :arguments

      def initialize(*arguments)
        super
        @arguments = arguments
      end
    end
    em do
      EventMachine.start_server("127.0.0.1", port, handler, 1, 2) do |connection|
        log << [:server, connection.arguments]
        done
      end
      EventMachine.connect("127.0.0.1", port, handler, 3) { |made| log << [:client, made.arguments] }
    end
    expect(log).to eq([[:client, [3]], [:server, [1, 2]]])
  end

  it "gives keywords to initialize, on both sides" do
    entries = log
    handler = Class.new(EventMachine::Connection) do
      define_method(:initialize) { |name:| (entries << name) && super() }
    end
    em do
      EventMachine.start_server("127.0.0.1", port, handler, name: :server) { done }
      EventMachine.connect("127.0.0.1", port, handler, name: :client)
    end
    expect(log).to eq(%i[client server])
  end

  it "takes the port as text, and the handler in the port's place for none" do
    em do
      signature = EventMachine.start_server("127.0.0.1", port.to_s) { done }
      expect(Socket.unpack_sockaddr_in(EventMachine.get_sockname(signature))).to eq([port, "127.0.0.1"])
      EventMachine.connect("127.0.0.1", port.to_s)
    end
    expect(EventMachine.reactor_running?).to be(false)
  end

  it "chooses a port for port 0" do
    em do
      signature = EventMachine.start_server("127.0.0.1", 0) { done }
      chosen, = Socket.unpack_sockaddr_in(EventMachine.get_sockname(signature))
      log << chosen
      EventMachine.connect("127.0.0.1", chosen)
    end
    expect(log.first).to be > 1023
  end

  it "tells both addresses" do
    em do
      EventMachine.start_server("127.0.0.1", port) do |connection|
        log << Socket.unpack_sockaddr_in(connection.get_sockname)
        log << Socket.unpack_sockaddr_in(connection.get_peername).last
        done
      end
      EventMachine.connect("127.0.0.1", port)
    end
    expect(log).to eq([[port, "127.0.0.1"], "127.0.0.1"])
  end

  it "knows who an accepted connection was from when the peer has reset it" do
    log = self.log
    handler = Class.new(EventMachine::Connection) do
      define_method(:unbind) do |reason|
        log << reason << Socket.unpack_sockaddr_in(get_peername)
        EventMachine.stop
      end
    end
    em do
      EventMachine.start_server("127.0.0.1", port, handler)
      client = TCPSocket.new("127.0.0.1", port)
      log << Socket.unpack_sockaddr_in(client.getsockname)
      client.setsockopt(:SOCKET, :LINGER, [1, 0].pack("ii"))
      client.close
    end
    expect(log).to eq([log.first, Errno::ECONNRESET, log.first])
  end

  it "connects by the name localhost to whichever of its addresses is listened on" do
    addresses = Addrinfo.getaddrinfo("localhost", nil, nil, :STREAM).map(&:ip_address).uniq
    addresses.each do |address|
      em do
        EventMachine.start_server(address, port) { (log << address) && done }
        EventMachine.connect("localhost", port)
      end
    end
    expect(log).to eq(addresses)
  end

  it "connects from an address of one's choice" do
    em do
      EventMachine.start_server("127.0.0.1", port) do |connection|
        log << Socket.unpack_sockaddr_in(connection.get_peername)
        done
      end
      EventMachine.bind_connect("127.0.0.2", from = free_port("127.0.0.2"), "127.0.0.1", port)
      log << [from, "127.0.0.2"]
    end
    expect(log.first).to eq(log.last)
  end

  it "sends what is queued before it closes after writing" do
    data = "x" * 1_000_000
    received = +""
    server = Module.new do
      define_method(:receive_data) { |piece| received << piece }
      define_method(:unbind) { EventMachine.stop }
    end
    em do
      EventMachine.start_server("127.0.0.1", port, server)
      EventMachine.connect("127.0.0.1", port) { |c| c.send_data(data) && c.close_connection_after_writing }
    end
    expect(received == data).to be(true)
  end

  it "tells the reason of a refused connection" do
    client = recorder(log, :client, unbind: ->(_) { EventMachine.stop })
    em { EventMachine.connect("127.0.0.1", port, client) }
    expect(events(:client)).to eq([[:post_init], [:unbind, Errno::ECONNREFUSED]])
  end

  it "tells the reason of a reset" do
    server = recorder(log, :server, unbind: ->(_) { EventMachine.stop })
    em do
      EventMachine.start_server("127.0.0.1", port, server) do
        EventMachine.next_tick do
          @socket.setsockopt(Socket::SOL_SOCKET, Socket::SO_LINGER, [1, 0].pack("ii"))
          @socket.close
        end
      end
      @socket = TCPSocket.new("127.0.0.1", port)
    end
    expect(events(:server).last).to eq([:unbind, Errno::ECONNRESET])
  end

  it "connects an object anew" do
    client = recorder(
      log, :client,
      connection_completed: -> { close_connection },
      unbind: lambda do |_|
        signatures = log.count([:client, :unbind, nil])
        signatures < 3 ? reconnect("127.0.0.1", port) : EventMachine.stop
      end
    )
    example = self
    client.define_method(:port) { example.port }
    client.define_method(:log) { example.log }
    signatures = []
    client.define_method(:signature=) { |value| (signatures << value) && super(value) }
    em do
      EventMachine.start_server("127.0.0.1", port)
      EventMachine.connect("127.0.0.1", port, client)
    end
    expect(events(:client)).to eq([[:post_init]] + ([[:connection_completed], [:unbind, nil]] * 3))
    expect(signatures.uniq.size).to eq(3)
  end

  it "does nothing to reconnect what is connected" do
    em do
      connection = EventMachine.connect("127.0.0.1", port)
      signature = connection.signature
      expect(EventMachine.reconnect("127.0.0.1", port, connection) { log << :block }).to equal(connection)
      expect(connection.signature).to eq(signature)
      done
    end
    expect(log).to be_empty
  end

  it "stops reading while paused" do
    em do
      EventMachine.start_server("127.0.0.1", port, recorder(log, :server)) do |connection|
        expect([connection.pause, connection.paused?]).to eq([true, true])
        EventMachine.add_timer(0.03) do
          log << [:server, :resumed]
          connection.resume
          expect(connection.paused?).to be(false)
          EventMachine.add_timer(0.02) { done }
        end
      end
      EventMachine.connect("127.0.0.1", port) { |connection| connection.send_data("data") }
    end
    expect(events(:server)).to start_with([[:post_init], [:resumed], [:receive_data, "data"]])
  end

  it "counts what is queued" do
    em do
      EventMachine.start_server("127.0.0.1", port)
      EventMachine.connect("127.0.0.1", port) do |connection|
        connection.send_data("12345")
        log << connection.get_outbound_data_size
        done
      end
    end
    expect(log).to eq([5])
  end

  it "closes a connection that is idle for too long, with the reason" do
    server = recorder(log, :server, post_init: -> { self.comm_inactivity_timeout = 0.05 },
                                    unbind: ->(_) { EventMachine.stop })
    em do
      EventMachine.heartbeat_interval = 0.02
      EventMachine.start_server("127.0.0.1", port, server)
      EventMachine.connect("127.0.0.1", port)
    end
    expect(events(:server).last).to eq([:unbind, Errno::ETIMEDOUT])
  end

  it "keeps the timeouts it is told" do
    em do
      EventMachine.connect("127.0.0.1", port) do |connection|
        log << connection.comm_inactivity_timeout << connection.pending_connect_timeout
        connection.comm_inactivity_timeout = 2.5
        connection.pending_connect_timeout = 3
        log << connection.comm_inactivity_timeout << connection.pending_connect_timeout
        done
      end
    end
    expect(log).to eq([0.0, 20.0, 2.5, 3.0])
  end

  it "has no inactivity timeout for a server, which is idle as long as nobody connects" do
    em do
      server = EventMachine.start_server("127.0.0.1", port)
      log << EventMachine.set_comm_inactivity_timeout(server, 0.01) << EventMachine.get_comm_inactivity_timeout(server)
      done
    end
    expect(log).to eq([false, 0.0])
  end

  it "connects within some time, whoever sets it to none" do
    em do
      EventMachine.connect("127.0.0.1", port) do |connection|
        log << connection.set_pending_connect_timeout(0) << connection.pending_connect_timeout
        done
      end
    end
    expect(log).to eq([false, 20.0])
  end

  it "binds to no address of its own where that is empty or nil" do
    entries = log
    client = Module.new { define_method(:connection_completed) { (entries << :connected) && EventMachine.stop } }
    ["", nil].each do |address|
      em do
        EventMachine.start_server("127.0.0.1", port)
        EventMachine.bind_connect(address, 0, "127.0.0.1", port, client)
      end
    end
    expect(log).to eq(%i[connected connected])
  end

  it "sets and tells options of the socket, without delay by default" do
    em do
      EventMachine.start_server("127.0.0.1", port) do |connection|
        log << connection.get_sock_opt(Socket::IPPROTO_TCP, Socket::TCP_NODELAY).unpack1("i")
        connection.enable_keepalive(5, 10, 15)
        log << connection.get_sock_opt(Socket::SOL_SOCKET, Socket::SO_KEEPALIVE).unpack1("i")
        log << connection.get_sock_opt(Socket::IPPROTO_TCP, Socket::TCP_KEEPCNT).unpack1("i")
        done
      end
      EventMachine.connect("127.0.0.1", port)
    end
    expect(log).to eq([1, 1, 15])
  end

  it "stops a server, not its connections" do
    server = recorder(log, :server, receive_data: ->(_) { EventMachine.stop })
    em do
      signature = EventMachine.start_server("127.0.0.1", port, server)
      EventMachine.connect("127.0.0.1", port) do |client|
        EventMachine.add_timer(0.02) do
          EventMachine.stop_server(signature)
          EventMachine.add_timer(0.02) do
            expect { TCPSocket.new("127.0.0.1", port) }.to raise_error(Errno::ECONNREFUSED)
            client.send_data("still here")
          end
        end
      end
    end
    expect(events(:server)).to include([:receive_data, "still here"])
  end

  it "carries all bytes, both ways, whatever the pieces" do
    data = Random.new(1).bytes(3_000_000)
    received = +""
    echo = Module.new { define_method(:receive_data) { |piece| send_data(piece) } }
    client = Module.new do
      define_method(:receive_data) do |piece|
        received << piece
        EventMachine.stop if received.bytesize >= data.bytesize
      end
    end
    em do
      EventMachine.start_server("127.0.0.1", port, echo)
      EventMachine.connect("127.0.0.1", port, client) do |connection|
        position = 0
        while position < data.bytesize
          size = 1 + (position % 77_777)
          connection.send_data(data.byteslice(position, size))
          position += size
        end
      end
    end
    expect(received == data).to be(true)
  end
end
