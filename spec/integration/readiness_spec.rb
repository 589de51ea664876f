# frozen_string_literal: true

require "fcntl"

# The system tells once that something has come. A read that does not fill its buffer has not always taken
# all: one message is taken at a time, and urgent data and passed descriptors end a read early.
RSpec.describe "What waits to be read" do
  let(:messages) { Array.new(5) { |number| "message #{number}" } }
  let(:log) { [] }

  # An end to attach, and a way to send it a message.
  def unix_pair(type)
    near, far = Socket.pair(:UNIX, type)
    [near, ->(message) { far.send(message, 0) }]
  end

  def udp_pair
    near = UDPSocket.new.tap { |socket| socket.bind("127.0.0.1", 0) }
    far = UDPSocket.new.tap { |socket| socket.connect("127.0.0.1", near.addr[1]) }
    [near, ->(message) { far.send(message, 0) }]
  end

  # Of protocol 253, which RFC 3692 sets aside for experiments.
  def raw_pair
    near, far = Array.new(2) { Socket.new(:INET, :RAW, 253) }
    near.bind(Addrinfo.ip("127.0.0.1"))
    [near, ->(message) { far.send(message, 0, Addrinfo.ip("127.0.0.1")) }]
  rescue Errno::EPERM
    skip "only root may open raw sockets"
  end

  def packet_pipe
    ends = IO.pipe
    ends.each { |io| io.fcntl(Fcntl::F_SETFL, io.fcntl(Fcntl::F_GETFL) | File::DIRECT) }
    [ends.first, ->(message) { ends.last.syswrite(message) }]
  end

  def open_pair(kind)
    kind.is_a?(Symbol) ? send(kind) : unix_pair(*kind)
  end

  # The message of what is read: a raw socket gives the header, too.
  def message_in(data)
    data[/message \d\z/]
  end

  { "a Unix datagram socket" => [:DGRAM], "a Unix socket of packets" => [:SEQPACKET],
    "a UDPSocket" => :udp_pair, "a raw socket" => :raw_pair,
    "a pipe of packets" => :packet_pipe }.each do |what, kind|
    describe "on #{what} that is attached" do
      it "is told, every message of it" do
        near, send_message = open_pair(kind)
        received = log
        counting = ->(data) { (received << data).size == 5 && EventMachine.stop }
        em do
          EventMachine.attach(near, noting([], receive_data: counting))
          after_turns { messages.each(&send_message) }
        end
        expect(received.map { |data| message_in(data) }).to eq(messages)
      end

      it "is told after each pause" do
        near, send_message = open_pair(kind)
        entries = []
        pausing = lambda do |data|
          pause
          entries << data
          EventMachine.next_tick { entries.size == 5 ? EventMachine.stop : resume }
        end
        em do
          EventMachine.attach(near, noting([], receive_data: pausing))
          after_turns { messages.each(&send_message) }
        end
        expect(entries.map { |data| message_in(data) }).to eq(messages)
      end

      it "is passed on by a proxy" do
        near, send_message = open_pair(kind)
        reader, writer = IO.pipe
        passed_on = beside do
          target = EventMachine.attach(writer)
          EventMachine.attach(near) { |source| source.proxy_incoming_to(target) }
          after_turns { messages.each(&send_message) }
          length = messages.sum(&:bytesize) + (what.include?("raw") ? 5 * 20 : 0)
          -> { reader.read(length) }
        end
        expect(passed_on.scan(/message \d/)).to eq(messages)
      end
    end
  end

  describe "behind urgent data" do
    # The urgent byte is out of line; the second one puts the first in line, as tcp(7) has it.
    def speak(peer)
      peer.write("ab")
      peer.send("!", Socket::MSG_OOB)
      peer.write("cd")
      peer.send("?", Socket::MSG_OOB)
      peer.write("ef")
    end

    def collecting
      received = log
      Module.new do
        define_method(:receive_data) do |data|
          received << data
          EventMachine.stop if received.join == "ab!cdef"
        end
      end
    end

    it "is told to a server's connection" do
      em do
        peer = TCPSocket.new("127.0.0.1", serve(collecting))
        after_turns { speak(peer) }
      end
      expect(log.join).to eq("ab!cdef")
    end

    it "is told to a client" do
      listener = TCPServer.new("127.0.0.1", 0)
      em do
        EventMachine.connect("127.0.0.1", listener.addr[1], collecting)
        peer = listener.accept
        after_turns { speak(peer) }
      end
      expect(log.join).to eq("ab!cdef")
    end

    it "is passed on by a proxy" do
      reader, writer = IO.pipe
      passed_on = beside do
        target = EventMachine.attach(writer)
        peer = TCPSocket.new("127.0.0.1", serve { |source| source.proxy_incoming_to(target) })
        after_turns { speak(peer) }
        -> { reader.read(7) }
      end
      expect(passed_on).to eq("ab!cdef")
    end
  end

  it "is told behind a descriptor that a Unix socket passes" do
    near, far = UNIXSocket.pair
    received = log
    collecting = Module.new do
      define_method(:receive_data) { |data| (received << data).join == "abc" && EventMachine.stop }
    end
    em do
      EventMachine.attach(near, collecting)
      after_turns do
        passed = Socket::AncillaryData.unix_rights($stdin)
        %w[a b].each { |text| far.sendmsg(text, 0, nil, passed) }
        far.write("c")
      end
    end
    expect(log.join).to eq("abc")
  end

  describe "and is watched" do
    it "is notified of again where one message of several is taken" do
      near, send_message = open_pair(:udp_pair)
      received = log
      taking = Module.new do
        define_method(:notify_readable) { (received << @io.recv(100)).size == 5 && EventMachine.stop }
      end
      em do
        EventMachine.watch(near, taking) { |connection| connection.notify_readable = true }
        after_turns { messages.each(&send_message) }
      end
      expect(log).to eq(messages)
    end

    it "is notified of again where one connection of several is accepted" do
      listener = TCPServer.new("127.0.0.1", 0)
      accepted = log
      taking = Module.new do
        define_method(:notify_readable) { (accepted << @io.accept).size == 4 && EventMachine.stop }
      end
      em do
        EventMachine.watch(listener, taking) { |connection| connection.notify_readable = true }
        after_turns { @peers = Array.new(4) { TCPSocket.new("127.0.0.1", listener.addr[1]) } }
      end
      expect(log.size).to eq(4)
    end
  end
end
