# frozen_string_literal: true

# Slow receivers: how their senders learn of it, and wait.
RSpec.describe "Back-pressure" do
  much = "x" * 8_000_000

  # Tells of crossings.
  telling = Module.new do
    define_method(:initialize) { |log| @log = log }
    define_method(:outbound_full) { @log << :outbound_full }
    define_method(:outbound_drained) { @log << :outbound_drained }
  end

  let(:log) { [] }

  # A handler with limits, which sends much at once.
  def flooding(telling, much, high: 1000, low: 10)
    Module.new do
      include telling
      define_method(:post_init) do
        set_outbound_limits(high: high, low: low)
        3.times { send_data(much) }
      end
    end
  end

  it "is told once for each crossing" do
    received = beside do
      port = serve(flooding(telling, much), log)
      -> { TCPSocket.new("127.0.0.1", port).then { |peer| peer.read(3 * much.size).size } }
    end
    expect([received, log]).to eq([3 * much.size, %i[outbound_full outbound_drained]])
  end

  # Stops the reactor when so many bytes have come.
  def reading(size)
    Module.new do
      define_method(:receive_data) { |data| (@size = (@size || 0) + data.size) == size and EventMachine.stop }
    end
  end

  it "is told on Unix sockets" do
    em do
      EventMachine.start_unix_domain_server(socket_path, flooding(telling, much), log)
      EventMachine.connect_unix_domain(socket_path, reading(3 * much.size))
    end
    expect(log).to eq(%i[outbound_full outbound_drained])
  end

  it "is told under TLS" do
    secure = lambda do |mod|
      Module.new do
        include mod
        define_method(:post_init) do
          start_tls
          super()
        end
      end
    end
    handler = secure[flooding(telling, much)]
    em { EventMachine.connect("127.0.0.1", serve(handler, log), secure[reading(3 * much.size)]) }
    expect(log).to eq(%i[outbound_full outbound_drained])
  end

  it "is told of a child process that does not read" do
    handler = Module.new do
      include telling
      define_method(:outbound_drained) { super() && EventMachine.stop }
      define_method(:receive_data) { |_| nil }
    end
    em do
      EventMachine.popen(["sh", "-c", "sleep 0.05; exec cat"], handler, log) do |cat|
        cat.set_outbound_limits
        cat.send_data(much)
      end
    end
    expect(log).to eq(%i[outbound_full outbound_drained])
  end

  it "is told while a connect is under way" do
    em do
      client = EventMachine.connect("127.0.0.1", serve, telling, log)
      client.set_outbound_limits(high: 10)
      client.send_data("more than that")
      expect(client).to be_outbound_full
      after_turns { EventMachine.stop }
    end
    expect(log).to eq([]).or eq(%i[outbound_full outbound_drained])
  end

  # Sends what the system takes at once, and calls the block between that and writing it.
  def little
    em do
      client = EventMachine.connect("127.0.0.1", serve, telling, log) do |made|
        made.set_outbound_limits(high: 100, low: 0)
      end
      after_turns do
        client.send_data("x" * 5000)
        yield client
        after_turns(4) { (log << client.outbound_full?) && EventMachine.stop }
      end
    end
  end

  define_method(:telling) { telling }

  it "is none where the system takes all at once" do
    little { |_| log << :sent }
    expect(log).to eq([:sent, false])
  end

  it "is told to who has asked and heard that it is full, even if the system takes all at once" do
    little { |client| log << client.outbound_full? }
    expect(log).to eq([true, :outbound_full, :outbound_drained, false])
  end

  it "never leaves a sender waiting that sends until it is full" do
    numbers = Module.new do
      define_method(:post_init) { set_outbound_limits(high: 4096) && outbound_drained }
      define_method(:outbound_drained) { send_data("0123456789" * 10) until outbound_full? }
    end
    received = beside do
      port = serve(numbers)
      -> { TCPSocket.open("127.0.0.1", port) { |peer| peer.read(1_000_000).size } }
    end
    expect(received).to eq(1_000_000)
  end

  it "calls nothing of a handler without limits, nor of one that does not define it" do
    beside do
      quiet = Module.new do
        include telling
        define_method(:post_init) { send_data(much) }
      end
      deaf = Module.new { define_method(:post_init) { set_outbound_limits && send_data(much) } }
      ports = [serve(quiet, log), serve(deaf)]
      -> { ports.each { |port| TCPSocket.new("127.0.0.1", port).then { |peer| peer.read(much.size) && peer.close } } }
    end
    expect(log).to eq([])
  end

  it "takes limits that make sense" do
    em do
      client = EventMachine.connect("127.0.0.1", serve)
      expect(client.set_outbound_limits).to be(true)
      expect { client.set_outbound_limits(high: 10, low: 10) }.to raise_error(ArgumentError, /10, 10/)
      expect { client.set_outbound_limits(high: 10, low: -1) }.to raise_error(ArgumentError, /-1/)
      datagrams = EventMachine.open_datagram_socket("127.0.0.1", 0)
      expect { datagrams.set_outbound_limits }.to raise_error(RuntimeError, /not for a datagram socket/)
      EventMachine.stop
    end
  end

  it "cannot be had of what is closed or detached, which takes no more" do
    em do
      client = EventMachine.connect("127.0.0.1", serve)
      other = EventMachine.connect("127.0.0.1", serve)
      IO.for_fd(client.detach).close
      after_turns do
        expect(client).to be_outbound_full
        log << client.set_outbound_limits
        log << client.pause_when_full(other) << other.pause_when_full(client)
        EventMachine.stop
      end
    end
    expect(log).to eq([false] * 3)
  end

  # A relay to a slow receiver, whose sender has more than all buffers of the system take.
  describe "pause_when_full" do
    relaying = Class.new(EventMachine::Connection) do
      def initialize(port, most)
        super()
        @port = port
        @most = most
      end

      def post_init
        most = @most
        @target = EventMachine.connect("127.0.0.1", @port)
        @target.pause_when_full(self)
        define_singleton_method(:receive_data) do |data|
          @target.send_data(data)
          most << @target.get_outbound_data_size
        end
      end

      def unbind
        @target.close_connection_after_writing
      end
    end

    it "loses nothing, and holds little of it" do
      listener = TCPServer.new("127.0.0.1", 0)
      data = Random.new(1).bytes(20_000_000)
      received = nil
      most = []
      beside do
        port = serve(relaying, listener.addr[1], most)
        lambda do
          sender = Thread.new { TCPSocket.new("127.0.0.1", port).then { |peer| peer.write(data) && peer.close } }
          slow = listener.accept
          received = slow.readpartial(100)
          sleep 0.05
          received << slow.read
          sender.join
        end
      end
      expect(received == data).to be(true)
      expect(most.max).to be < 65_536 + (17 * 65_536)
    ensure
      listener&.close
    end

    it "still writes to the source" do
      echo = beside do
        port = serve(Module.new do
          define_method(:post_init) do
            pause_when_full(self)
            set_outbound_limits(high: 1000)
            send_data(much)
          end
          define_method(:receive_data) { |data| send_data(data) }
        end)
        lambda do
          peer = TCPSocket.new("127.0.0.1", port)
          peer.write("after it")
          peer.read(much.size + 8)[-8..]
        end
      end
      expect(echo).to eq("after it")
    end
  end

  describe "a server" do
    # How many of these clients are answered at once.
    def greeted(clients)
      IO.select(clients, nil, nil, 0.02).to_a.first.to_a.size
    end

    greeting = Module.new { def post_init = send_data("hello") }

    it "leaves connections in its backlog while it is paused" do
      counts = beside do
        server = EventMachine.start_server("127.0.0.1", 0, greeting)
        port = port_of(server)
        log << EventMachine.pause_server(server) << EventMachine.pause_server(server)
        lambda do
          clients = Array.new(3) { TCPSocket.new("127.0.0.1", port) }
          paused = greeted(clients)
          EventMachine.schedule { log << EventMachine.resume_server(server) << EventMachine.resume_server(server) }
          [paused, clients.sum { |client| client.readpartial(9).size }]
        end
      end
      expect([counts, log]).to eq([[0, 15], [true, false, true, false]])
    end

    it "takes so many at a time, on Unix sockets too" do
      counts = beside do
        server = EventMachine.start_unix_domain_server(socket_path, greeting)
        EventMachine.set_max_connections(server, 2)
        lambda do
          clients = Array.new(4) { UNIXSocket.new(socket_path) }
          first = clients.first(2).map { |client| client.readpartial(9) }
          waiting = greeted(clients.last(2))
          clients.first.close
          [first, waiting, clients[2].readpartial(9), greeted(clients.last(1))]
        end
      end
      expect(counts).to eq([%w[hello hello], 0, "hello", 0])
    end

    it "says what is no server, and no limit" do
      em do
        server = EventMachine.start_server("127.0.0.1", 0)
        client = EventMachine.connect("127.0.0.1", port_of(server))
        expect(EventMachine.set_max_connections(server, nil)).to be_nil
        expect { EventMachine.set_max_connections(server, 0) }.to raise_error(ArgumentError, /0/)
        [client.signature, 99].each do |signature|
          expect { EventMachine.set_max_connections(signature, 1) }.to raise_error(RuntimeError)
          expect { EventMachine.pause_server(signature) }.to raise_error(RuntimeError)
        end
        EventMachine.stop
      end
    end
  end
end
