# frozen_string_literal: true

# What a client is told when its connect, its peer's words and a close come together.
RSpec.describe "A connection that is being made" do
  let(:log) { [] }
  let(:listener) { TCPServer.new("127.0.0.1", 0) }
  let(:port) { listener.addr[1] }

  # One that stops the reactor in the end.
  def client(**doings)
    noting(log, unbind: ->(_) { EventMachine.stop }, **doings)
  end

  def refusing_port
    TCPServer.open("127.0.0.1", 0) { |server| server.addr[1] }
  end

  # The address of a server whose backlog is full, so that connects to it stay pending.
  def deaf_port
    deaf = Socket.new(:INET, :STREAM).tap { |socket| socket.bind(Addrinfo.tcp("127.0.0.1", 0)) }
    deaf.listen(0)
    @waiting = Array.new(2) { Socket.new(:INET, :STREAM) }
    @waiting.each { |socket| socket.connect_nonblock(deaf.local_address, exception: false) }
    @deaf = deaf
    deaf.local_address.ip_port
  end

  %i[close_connection close_connection_after_writing].each do |close|
    describe "and closed by #{close} in the same callback" do
      it "is told to be connected, then that it has ended" do
        em { EventMachine.connect("127.0.0.1", port, client).send(close) }
        expect(log).to eq([:post_init, :connection_completed, [:unbind, nil]])
      end

      it "is told so from its own post_init" do
        em { EventMachine.connect("127.0.0.1", port, client(post_init: -> { send(close) })) }
        expect(log).to eq([:post_init, :connection_completed, [:unbind, nil]])
      end

      it "is told so over a Unix socket" do
        UNIXServer.new(socket_path).then do |server|
          em { EventMachine.connect_unix_domain(socket_path, client).send(close) }
          server.close
        end
        expect(log).to eq([:post_init, :connection_completed, [:unbind, nil]])
      end

      it "is told so before the reactor's end" do
        em do
          EventMachine.connect("127.0.0.1", port, noting(log)).send(close)
          done
        end
        expect(log).to eq([:post_init, :connection_completed, [:unbind, nil]])
      end

      it "is told that it was refused" do
        em { EventMachine.connect("127.0.0.1", refusing_port, client).send(close) }
        expect(log).to eq([:post_init, [:unbind, Errno::ECONNREFUSED]])
      end

      it "does not wait for a peer that does not answer" do
        em do
          pending = EventMachine.connect("127.0.0.1", deaf_port, client)
          after_turns { pending.send(close) }
        end
        expect(log).to eq([:post_init, [:unbind, nil]])
      end
    end
  end

  it "sends what it was given before it was closed after writing" do
    em do
      EventMachine.connect("127.0.0.1", port, client) do |connection|
        connection.send_data("data")
        connection.close_connection_after_writing
      end
    end
    expect([log.last, listener.accept.read]).to eq([[:unbind, nil], "data"])
  end

  describe "while its peer's words wait" do
    # Lets the words and the connect's end come before the loop looks.
    def greet(handler)
      EventMachine.connect("127.0.0.1", port, handler)
      peer = listener.accept
      peer.write("hello")
      peer
    end

    it "is told them in the turn after connection_completed" do
      entries = log
      in_turn = lambda do
        EventMachine.next_tick { entries << :tick }
        EventMachine.add_timer(0) { entries << :timer }
      end
      em { greet(client(connection_completed: in_turn, receive_data: ->(_) { close_connection })) }
      expect(log).to eq([:post_init, :connection_completed, :timer, "hello", :tick, [:unbind, nil]])
    end

    it "is told them, and the end behind them, one turn each" do
      entries = log
      # Comes once a turn, before what descriptors tell.
      turn = -> { (entries << :turn) && EventMachine.add_timer(0, &turn) }
      em { greet(client(connection_completed: -> { EventMachine.add_timer(0, &turn) })).close }
      told = log.chunk_while { |a, b| a != :turn && b != :turn }.reject { |events| events == [:turn] }
      expect(told).to eq([%i[post_init connection_completed], ["hello"], [[:unbind, nil]]])
    end

    it "is not told them after EventMachine.stop in connection_completed" do
      em { greet(noting(log, connection_completed: -> { EventMachine.stop })) }
      expect(log).to eq([:post_init, :connection_completed, [:unbind, nil]])
    end

    it "is not told them after close_connection in connection_completed" do
      em { greet(client(connection_completed: -> { close_connection })) }
      expect(log).to eq([:post_init, :connection_completed, [:unbind, nil]])
    end

    it "is told them once it is resumed, when connection_completed pauses it" do
      entries = log
      pausing = lambda do
        pause
        EventMachine.next_tick { (entries << :resumed) && resume }
      end
      em { greet(client(connection_completed: pausing, receive_data: ->(_) { close_connection })) }
      expect(log).to eq([:post_init, :connection_completed, :resumed, "hello", [:unbind, nil]])
    end

    it "has the ticks run that it queued before EventMachine.stop in receive_data" do
      entries = log
      queue = -> { EventMachine.next_tick { entries << :tick } }
      em { greet(noting(log, connection_completed: queue, receive_data: ->(_) { EventMachine.stop })) }
      expect(log).to contain_exactly(:post_init, :connection_completed, "hello", :tick, [:unbind, nil])
    end
  end

  it "is told in the order of the connects, in which their data follow" do
    entries = log
    em do
      5.times do |number|
        EventMachine.connect("127.0.0.1", port, Module.new do
          define_method(:connection_completed) { entries << [:completed, number] }
          define_method(:receive_data) { |_| (entries << [:data, number]) && entries.size == 10 && EventMachine.stop }
        end)
      end
      @peers = Array.new(5) { listener.accept.tap { |peer| peer.write("hello") } }
    end
    expect(log).to eq(%i[completed data].product([0, 1, 2, 3, 4]))
  end
end
