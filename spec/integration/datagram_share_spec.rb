# frozen_string_literal: true

# A socket has its share of a turn, however many datagrams wait to be sent or read.
RSpec.describe "Many datagrams" do
  let(:peer) { UDPSocket.new.tap { |socket| socket.bind("127.0.0.1", 0) } }

  # Counts the turns of the loop from now on.
  def count_turns
    turns = 0
    count = -> { (turns += 1) && EventMachine.add_timer(0, &count) }
    count.call
    -> { turns }
  end

  def send_many(socket, count, size)
    data = "x" * size
    # Ruby 3.4 starts a thread to tell it.
    port = peer.addr[1]
    count.times { socket.send_datagram(data, "127.0.0.1", port) }
  end

  it "go out in several turns, 256 KiB in each at most" do
    turns = nil
    em do
      socket = EventMachine.open_datagram_socket("127.0.0.1", 0)
      send_many(socket, 4096, 1024)
      turns = count_turns
      watch = -> { socket.get_outbound_data_size.zero? ? done : EventMachine.add_timer(0, &watch) }
      watch.call
    end
    expect(turns.call).to be_between(16, 200)
  end

  it "of few bytes go out in several turns as well" do
    turns = nil
    em do
      socket = EventMachine.open_datagram_socket("127.0.0.1", 0)
      send_many(socket, 50_000, 10)
      turns = count_turns
      watch = -> { socket.get_outbound_data_size.zero? ? done : EventMachine.add_timer(0, &watch) }
      watch.call
    end
    expect(turns.call).to be > 8
  end

  it "are sent in their order, and whole" do
    sent = Array.new(100) { |number| "message #{number}" }
    em do
      socket = EventMachine.open_datagram_socket("127.0.0.1", 0)
      sent.each { |message| socket.send_datagram(message, "127.0.0.1", peer.addr[1]) }
      after_turns { done }
    end
    expect(Array.new(100) { peer.recv_nonblock(100) }).to eq(sent)
  end

  it "do not keep others from what they have to tell" do
    told_at = nil
    em do
      socket = EventMachine.open_datagram_socket("127.0.0.1", 0)
      near, far = UNIXSocket.pair
      EventMachine.attach(near, Module.new do
        define_method(:receive_data) { |_| (told_at = socket.get_outbound_data_size) && EventMachine.stop }
      end)
      far.write("word")
      send_many(socket, 100_000, 10)
    end
    expect(told_at).to be > 0
  end

  it "that wait are read in their order, beside what others have to tell" do
    received = []
    em do
      socket = EventMachine.open_datagram_socket("127.0.0.1", 0)
      near, far = UNIXSocket.pair
      EventMachine.attach(near, Module.new { define_method(:receive_data) { |_| received << :other } })
      socket.define_singleton_method(:receive_data) do |data|
        received << data
        EventMachine.stop if received.size == 151
      end
      150.times { |number| peer.send(number.to_s, 0, "127.0.0.1", port_of(socket.signature)) }
      far.write("word")
    end
    expect(received - [:other]).to eq(Array.new(150, &:to_s))
    expect(received).to include(:other)
  end
end
