# frozen_string_literal: true

# Who is sent to first is written to first. What callbacks of a kind send in a row goes out together, one
# write for each connection; what a tick or a timer of the next turn sends goes out apart.
RSpec.describe "The order of writing" do
  let(:log) { [] }

  # Connections that share one pipe, so that the order of their writes shows, in an order of making.
  def writers(*names)
    @reader, writer = IO.pipe
    names.to_h { |name| [name, EventMachine.attach(writer.dup)] }
  end

  # Sends each name by the connection of its first letter.
  def send_each(connections, *names)
    names.each { |name| connections.fetch(name[0]).send_data(name) }
  end

  # Lets the block have the sends made by a callback, and returns what comes through the pipe.
  def written_by(callback, *names, made: names.map { |name| name[0] }.uniq)
    em do
      connections = writers(*made)
      instance_exec(-> { send_each(connections, *names) && after_turns { done } }, &callback)
    end
    @reader.read_nonblock(1000)
  end

  # An attached connection whose peer has spoken.
  def spoken_to(handler)
    near, @far = UNIXSocket.pair
    @far.write("word")
    EventMachine.attach(near, handler)
  end

  callbacks = {
    "the reactor's block" => ->(act, *) { act.call },
    "a timer" => ->(act, *) { EventMachine.add_timer(0) { act.call } },
    "a tick" => ->(act, *) { EventMachine.add_timer(0) { EventMachine.next_tick { act.call } } },
    "a deferred result" => ->(act, *) { EventMachine.defer(-> { 1 }, ->(_) { act.call }) },
    "a scheduled block" => ->(act, *) { Thread.new { EventMachine.schedule { act.call } } },
    "receive_data" => ->(act, *) { spoken_to(Module.new { define_method(:receive_data) { |_| act.call } }) },
    "unbind" => ->(act, *) { spoken_to(Module.new { define_method(:unbind) { act.call } }).close_connection }
  }
  callbacks.each do |name, callback|
    describe "of what #{name} sends" do
      it "is that of the sends" do
        expect(written_by(callback, *%w[0 1 2 3 4 5 6 7])).to eq("01234567")
      end

      it "is that of each connection's first send" do
        expect(written_by(callback, *%w[a1 b1 a2 b2 c1 a3])).to eq("a1a2a3b1b2c1")
      end
    end
  end

  it "is that of the sends for more connections than are written at once" do
    names = Array.new(60) { |number| (48 + number).chr }
    expect(written_by(callbacks["a timer"], *names)).to eq(names.join)
  end

  it "is that of the sends for datagrams" do
    peer = UDPSocket.new.tap { |socket| socket.bind("127.0.0.1", 0) }
    em do
      sockets = Array.new(8) { EventMachine.open_datagram_socket("127.0.0.1", 0) }
      EventMachine.add_timer(0) do
        sockets.each_with_index { |socket, n| socket.send_datagram(n.to_s, "127.0.0.1", peer.addr[1]) }
        after_turns { done }
      end
    end
    expect(Array.new(8) { peer.recv_nonblock(10) }.join).to eq("01234567")
  end

  it "has a subscription go before its publication, over connections that are made meanwhile" do
    server = Module.new.tap do |handler|
      entries = log
      handler.define_method(:receive_data) { |data| (entries << data) && entries.size == 8 && EventMachine.stop }
    end
    em do
      port = serve(server)
      connections = Array.new(8) { EventMachine.connect("127.0.0.1", port) }
      connections.each_with_index { |connection, number| connection.send_data(number.to_s) }
    end
    expect(log).to eq(Array.new(8, &:to_s))
  end

  it "leaves a paused connection out until it is resumed" do
    em do
      connections = writers("0", "1", "2")
      connections["0"].pause
      send_each(connections, "0", "1", "2")
      after_turns { connections["0"].resume && after_turns { done } }
    end
    expect(@reader.read_nonblock(10)).to eq("120")
  end

  describe "in frames" do
    # What a peer is told that gets each write as one packet.
    def packets
      near, far = UNIXSocket.pair(:SEQPACKET)
      em { yield EventMachine.attach(near) }
      packets = []
      while (packet = far.recv_nonblock(100, exception: false)) && packet != :wait_readable && packet != ""
        packets << packet
      end
      packets
    end

    {
      "together what one callback sends" =>
        [%w[AB], ->(c) { EventMachine.add_timer(0) { c.send_data("A") && c.send_data("B") } }],
      "together what two due timers send" =>
        [%w[AB], ->(c) { %w[A B].each { |text| EventMachine.add_timer(0) { c.send_data(text) } } }],
      "together what two ticks in a row send" =>
        [%w[AB], ->(c) { %w[A B].each { |text| EventMachine.next_tick { c.send_data(text) } } }],
      "apart what a callback and its tick send" =>
        [%w[A B], ->(c) { spoken_to(answering(c) { |b| EventMachine.next_tick(&b) }) }],
      "apart what a timer and its timer send" =>
        [%w[A B], lambda do |c|
          EventMachine.add_timer(0) { c.send_data("A") && EventMachine.add_timer(0) { c.send_data("B") } }
        end],
      "apart what a timer and its tick send" =>
        [%w[A B], lambda do |c|
          EventMachine.add_timer(0) { c.send_data("A") && EventMachine.next_tick { c.send_data("B") } }
        end],
      "apart what a tick and its tick send" =>
        [%w[A B C], lambda do |c|
          send_on = ->(text) { c.send_data(text) && text < "C" && EventMachine.next_tick { send_on.call(text.succ) } }
          EventMachine.next_tick { send_on.call("A") }
        end]
    }.each do |what, (frames, act)|
      it "goes #{what}" do
        told = packets do |connection|
          instance_exec(connection, &act)
          after_turns { done }
        end
        expect(told).to eq(frames)
      end
    end

    # Sends "A" when it is spoken to, and "B" in what the block is given.
    def answering(connection)
      later = ->(block) { yield block }
      Module.new do
        define_method(:receive_data) do |_|
          connection.send_data("A")
          later.call(-> { connection.send_data("B") })
        end
      end
    end
  end
end
