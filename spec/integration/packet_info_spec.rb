# frozen_string_literal: true

# What datagram sockets tell beside their data: where a datagram came in, and what became of those that were sent.
RSpec.describe "A datagram socket" do
  let(:log) { [] }

  # Notes errors until there are as many as are waited for.
  def noting_errors(count)
    entries = log
    Module.new do
      define_method(:receive_data) { |data| entries << data }
      define_method(:receive_error) { |error| (entries << error) && entries.size == count && EventMachine.stop }
      define_method(:unbind) { |reason| entries << [:unbind, reason] }
    end
  end

  def unused_port
    UDPSocket.open { |socket| socket.bind("127.0.0.1", 0) && socket.addr[1] }
  end

  describe "with packet info" do
    # Asks a server on all addresses at each of some of them; what came of it, by address.
    def ask(server_address, *addresses)
      answers = {}
      server = Module.new do
        define_method(:receive_data) { |_| send_data("#{packet_info.address.ip_address} #{packet_info.interface}") }
      end
      em do
        EventMachine.open_datagram_socket(server_address, 0, server) do |socket|
          expect(socket.packet_info).to be_nil
          expect(socket.enable_packet_info).to be_nil
          addresses.each do |address|
            # Connected: it takes answers from this address only.
            EventMachine.connect_datagram_socket(address, socket.local_address.ip_port, Module.new do
              define_method(:receive_data) do |data|
                answers[address] = data
                EventMachine.stop if answers.size == addresses.size
              end
            end) { |client| client.send_data("question") }
          end
        end
      end
      answers
    end

    let(:loopback) { Socket.getifaddrs.find { |interface| interface.name == "lo" }.ifindex }

    it "tells which address a datagram came to, and answers from there" do
      answers = ask("0.0.0.0", "127.0.0.1", "127.0.0.7", "127.1.2.3")
      expect(answers).to eq(%w[127.0.0.1 127.0.0.7 127.1.2.3].to_h { |address| [address, "#{address} #{loopback}"] })
    end

    it "does so for IPv6, and for IPv4 on a socket of both" do
      answers = ask("::", "::1", "127.0.0.7")
      expect(answers).to eq("::1" => "::1 #{loopback}", "127.0.0.7" => "::ffff:127.0.0.7 #{loopback}")
    end

    it "tells the group that a datagram was sent to" do
      entries = log
      receiver = Module.new { define_method(:receive_data) { |_| (entries << packet_info) && EventMachine.stop } }
      em do
        socket = EventMachine.open_datagram_socket("0.0.0.0", 0, receiver)
        socket.enable_packet_info
        socket.join_multicast("239.255.77.79", "lo")
        sender = EventMachine.open_datagram_socket("127.0.0.1", 0)
        sender.set_sock_opt(:IP, :MULTICAST_IF, IPAddr.new("127.0.0.1").hton)
        sender.send_datagram("word", "239.255.77.79", socket.local_address.ip_port)
      end
      expect(log.first.address.ip_address).to eq("239.255.77.79")
      expect(log.first.interface).to eq(loopback)
    end

    it "keeps what waits to be sent, and its order" do
      entries = log
      receiver = Module.new do
        define_method(:receive_data) { |data| (entries << data) && entries.size == 4 && EventMachine.stop }
      end
      em do
        target = EventMachine.open_datagram_socket("127.0.0.1", 0, receiver).local_address
        socket = EventMachine.open_datagram_socket("0.0.0.0", 0)
        socket.send_datagram("0", target)
        socket.enable_packet_info
        3.times { |number| socket.send_datagram((number + 1).to_s, target) }
      end
      expect(log).to eq(%w[0 1 2 3])
    end

    it "is one of UDP" do
      em do
        expect { EventMachine.open_unix_datagram_socket.enable_packet_info }.to raise_error(Errno::ENOPROTOOPT)
        server = EventMachine.start_server("127.0.0.1", 0)
        expect { EventMachine.enable_packet_info(server) }.to raise_error(RuntimeError, /is not for a server/)
        done
      end
    end
  end

  describe "that is connected to a port that nobody has" do
    it "is told so for each datagram, and goes on" do
      peer = unused_port
      em do
        socket = EventMachine.connect_datagram_socket("127.0.0.1", peer, noting_errors(2))
        socket.send_data("one")
        EventMachine.add_timer(0) { socket.send_data("two") }
      end
      expect(log).to eq([Errno::ECONNREFUSED, Errno::ECONNREFUSED, [:unbind, nil]])
    end

    it "goes on without a handler for that" do
      entries = log
      em do
        peer = UDPSocket.new
        echo = Module.new { define_method(:receive_data) { |data| send_data(data) } }
        socket = EventMachine.connect_datagram_socket("127.0.0.1", unused_port, Module.new do
          define_method(:receive_data) { |data| (entries << data) && EventMachine.stop }
        end)
        socket.send_data("lost")
        EventMachine.add_timer(0.01) do
          peer.bind("127.0.0.1", socket.remote_address.ip_port)
          EventMachine.attach_datagram_socket(peer, echo)
          socket.send_data("lost no more")
        end
      end
      expect(log).to eq(["lost no more"])
    end
  end

  it "is told that nobody has a Unix socket open, and the loop goes on" do
    near, far = UNIXSocket.pair(:DGRAM)
    far.close
    entries = log
    handler = Module.new do
      define_method(:receive_error) do |error|
        entries << error
        EventMachine.add_timer(0.01) { EventMachine.stop }
      end
    end
    em { EventMachine.attach_datagram_socket(near, handler) { |socket| socket.send_data("word") } }
    expect(log).to eq([Errno::ECONNREFUSED])
  end

  it "is told so for the path of a socket whose program has ended" do
    path = socket_path
    Socket.open(:UNIX, :DGRAM) { |socket| socket.bind(Addrinfo.unix(path)) }
    entries = log
    em do
      EventMachine.open_unix_datagram_socket(nil, noting_errors(1)).send_datagram("word", path)
    end
    expect(entries).to eq([Errno::ECONNREFUSED, [:unbind, nil]])
  end

  it "is told that a datagram is for nowhere" do
    em do
      EventMachine.open_datagram_socket("127.0.0.1", 0, noting_errors(1)).send_datagram("word", "255.255.255.255", 9)
      EventMachine.open_datagram_socket("127.0.0.1", 0, noting_errors(1)).send_datagram("word", "192.0.2.1", 9)
    end
    expect(log.first).to be < SystemCallError
  end

  it "hands what receive_error raises to the error handler, and goes on" do
    errors = []
    EventMachine.error_handler { |error| (errors << error.message) && EventMachine.stop }
    em do
      handler = Module.new { define_method(:receive_error) { |_| raise "of receive_error" } }
      EventMachine.connect_datagram_socket("127.0.0.1", unused_port, handler) { |socket| socket.send_data("word") }
    end
    expect(errors).to eq(["of receive_error"])
  ensure
    EventMachine.error_handler(nil)
  end
end
