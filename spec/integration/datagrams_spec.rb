# frozen_string_literal: true

require "tmpdir"

# Datagram sockets of all kinds.
RSpec.describe "A datagram socket" do
  let(:log) { [] }
  let(:receiver) do
    entries = log
    Module.new { define_method(:receive_data) { |data| (entries << data) && EventMachine.stop } }
  end

  def address(connection)
    connection.local_address
  end

  it "is opened on an Addrinfo, and sends to one" do
    em do
      socket = EventMachine.open_datagram_socket(Addrinfo.udp("127.0.0.1", 0), receiver)
      expect(address(socket).socktype).to eq(Socket::SOCK_DGRAM)
      expect(EventMachine.open_datagram_socket("*", 0).send_datagram("word", address(socket))).to eq(4)
    end
    expect(log).to eq(["word"])
  end

  it "is opened on the port of a service" do
    expect(Socket).to receive(:getservbyname).with("demo", "udp").and_return(0)
    em do
      expect(address(EventMachine.open_datagram_socket("*", "demo")).ip_address).to eq("0.0.0.0")
      done
    end
  end

  it "sends nothing that is longer than a datagram may be" do
    em do
      socket = EventMachine.open_datagram_socket("127.0.0.1", 0)
      too_long = "x" * 65_508
      expect { socket.send_datagram(too_long, "127.0.0.1", 9) }.to raise_error(EventMachine::ConnectionError, /65508/)
      done
    end
  end

  describe "that is connected" do
    def udp_server(host = "127.0.0.1")
      UDPSocket.new(host.include?(":") ? :INET6 : :INET).tap { |socket| socket.bind(host, 0) }
    end

    ["127.0.0.1", "::1", "localhost"].each do |host|
      it "sends to the one address, and receives from there alone: #{host}" do
        peer = udp_server(Addrinfo.udp(host, 0).ip_address)
        word = nil
        em do
          socket = EventMachine.connect_datagram_socket(host, peer.addr[1], receiver)
          expect(socket.remote_address.ip_port).to eq(peer.addr[1])
          expect(socket.send_data("word")).to eq(4)
          EventMachine.watch(peer, Module.new do
            define_method(:notify_readable) do
              word, sender = peer.recvfrom_nonblock(10)
              UDPSocket.new(peer.addr[0][-1] == "6" ? :INET6 : :INET).send("stranger", 0, sender[3], sender[1])
              peer.send("answer", 0, sender[3], sender[1])
            end
          end) { |watch| watch.notify_readable = true }
        end
        expect([word, log]).to eq(["word", ["answer"]])
      end
    end

    it "is given an Addrinfo, and may be one of the program's own" do
      peer = udp_server
      em do
        EventMachine.connect_datagram_socket(peer.local_address, receiver) { |socket| socket.send_data("one") }
        own = UDPSocket.new.tap { |socket| socket.connect("127.0.0.1", peer.addr[1]) }
        EventMachine.attach_datagram_socket(own) { |socket| socket.send_data("two") }
        EventMachine.next_tick { EventMachine.stop }
      end
      expect(Array.new(2) { peer.recv(10) }).to contain_exactly("one", "two")
    end

    it "says which host, port or handler it cannot be for" do
      em do
        {
          ["127.0.0.1", 65_536] => [EventMachine::ConnectionError, /65536/],
          ["127.0.0.1", 0] => [EventMachine::ConnectionError, /port 0/],
          ["127.0.0.1", nil] => [TypeError, /nil/], ["127.0.0.1", "no-service"] => [ArgumentError, /no-service/],
          [nil, 80] => [TypeError, /nil/], ["no\0name", 80] => [ArgumentError, /null byte/],
          ["no-such.invalid", 80] => [EventMachine::ConnectionError, /no-such.invalid/],
          [Addrinfo.unix("/nowhere")] => [ArgumentError, /nowhere/], ["127.0.0.1", 80, 3] => [TypeError, /Integer/]
        }.each do |arguments, (error, message)|
          expect { EventMachine.connect_datagram_socket(*arguments) }.to raise_error(error, message), arguments.inspect
        end
        done
      end
    end
  end

  describe "of the Unix kind" do
    around { |example| Dir.mktmpdir { |directory| Dir.chdir(directory) { example.run } } }

    it "takes messages at its path, and answers them" do
      answers = []
      em do
        echo = Module.new { define_method(:receive_data) { |data| send_data(data.upcase) } }
        EventMachine.open_unix_datagram_socket("server", echo)
        client = EventMachine.open_unix_datagram_socket("client", receiver)
        expect(client.send_datagram("word", File.expand_path("server"))).to eq(4)
      end
      em do
        EventMachine.open_unix_datagram_socket("other", Module.new do
          define_method(:receive_data) { |data| (answers << data << remote_address.unix_path) && EventMachine.stop }
        end)
        Socket.new(:UNIX, :DGRAM).tap do |socket|
          socket.bind(Addrinfo.unix("sender"))
          socket.send("note", 0, Addrinfo.unix("other"))
        end
      end
      expect(log).to eq(["WORD"])
      expect(answers).to eq(%w[note sender])
    end

    it "may have an abstract name, and sends without one of its own" do
      em do
        name = "\0em-datagram-#{Process.pid}"
        EventMachine.open_unix_datagram_socket(name, receiver)
        EventMachine.open_unix_datagram_socket.send_datagram("READY=1", name)
      end
      expect(log).to eq(["READY=1"])
    end

    it "is not opened where there is something already" do
      em do
        File.write("file", "")
        expect { EventMachine.open_unix_datagram_socket("file") }.to raise_error(RuntimeError, /no datagram socket/)
        done
      end
    end

    it "does not send where nobody can be" do
      em do
        socket = EventMachine.open_unix_datagram_socket
        expect { socket.send_datagram("word", "/#{'x' * 200}") }.to raise_error(EventMachine::ConnectionError, /long/)
        done
      end
    end
  end

  describe "that is attached" do
    it "gives each message, and answers it" do
      socket = UDPSocket.new.tap { |udp| udp.bind("127.0.0.1", 0) }
      echo = Module.new { define_method(:receive_data) { |data| send_data(data * 2) } }
      em do
        EventMachine.attach_datagram_socket(socket, echo)
        EventMachine.open_datagram_socket("127.0.0.1", 0, receiver).send_datagram("word", "127.0.0.1", socket.addr[1])
      end
      expect(log).to eq(["wordword"])
      expect(socket).not_to be_closed
    end

    it "may be of the Unix kind" do
      near, far = UNIXSocket.pair(:DGRAM)
      em do
        EventMachine.attach_datagram_socket(near, receiver)
        far.send("", 0)
      end
      expect(log).to eq([""])
    end

    it "may be one of a pair, which have no names, and sends to the other" do
      near, far = UNIXSocket.pair(:DGRAM)
      em do
        echo = Module.new { define_method(:receive_data) { |data| send_data(data * 2) } }
        EventMachine.attach_datagram_socket(far, echo)
        EventMachine.attach_datagram_socket(near, receiver) { |socket| socket.send_data("word") }
      end
      expect(log).to eq(["wordword"])
    end

    it "is nothing else" do
      reader, = IO.pipe
      em do
        expect { EventMachine.attach_datagram_socket(TCPServer.new("127.0.0.1", 0)) }
          .to raise_error(RuntimeError, "attach_datagram_socket is not for a stream socket")
        expect { EventMachine.attach_datagram_socket(reader) }.to raise_error(Errno::ENOTSOCK)
        done
      end
    end
  end

  describe "in a multicast group" do
    it "gets what is sent to the group, until it leaves" do
      em do
        socket = EventMachine.open_datagram_socket("239.255.77.77", 0, receiver)
        socket.join_multicast("239.255.77.77", "127.0.0.1")
        sender = EventMachine.open_datagram_socket("127.0.0.1", 0)
        sender.set_sock_opt(:IP, :MULTICAST_IF, IPAddr.new("127.0.0.1").hton)
        sender.send_datagram("word", "239.255.77.77", address(socket).ip_port)
      end
      expect(log).to eq(["word"])
    end

    it "is there once, by address or by the interface's name" do
      em do
        socket = EventMachine.open_datagram_socket("0.0.0.0", 0)
        socket.join_multicast("239.255.77.78", "lo")
        expect { socket.join_multicast("239.255.77.78", "lo") }.to raise_error(Errno::EADDRINUSE)
        expect(socket.leave_multicast("239.255.77.78", "lo")).to eq(0)
        expect { socket.leave_multicast("239.255.77.78", "lo") }.to raise_error(Errno::EADDRNOTAVAIL)
        done
      end
    end

    it "is in no group that is none, on no interface that is none" do
      em do
        socket = EventMachine.open_datagram_socket("0.0.0.0", 0)
        expect { socket.join_multicast("127.0.0.1") }.to raise_error(Errno::EINVAL)
        expect { socket.join_multicast("group") }.to raise_error(ArgumentError, /"group"/)
        expect { socket.join_multicast(nil) }.to raise_error(TypeError, /nil/)
        expect { socket.join_multicast("239.255.77.78", "no-such0") }.to raise_error(ArgumentError, /no-such0/)
        done
      end
    end
  end

  describe "and its options" do
    it "are set and read by the names that Ruby's Socket takes" do
      em do
        socket = EventMachine.open_datagram_socket("127.0.0.1", 0)
        socket.set_sock_opt(:SOCKET, :BROADCAST, false)
        expect(socket.get_sock_opt(:SOCKET, :SO_BROADCAST).bool).to be(false)
        socket.set_sock_opt(Socket::Option.bool(:INET, :SOCKET, :BROADCAST, true))
        expect(socket.get_sock_opt("SOCKET", "BROADCAST").int).not_to eq(0)
        expect(socket.get_sock_opt(Socket::SOL_SOCKET, Socket::SO_BROADCAST)).to eq([1].pack("i"))
        expect { socket.get_sock_opt(:SOCKET, :NONSENSE) }.to raise_error(SocketError, /NONSENSE/)
        done
      end
    end

    # The emulator of `rake platforms` passes the first number on only.
    it "are whole, however long", :kernel do
      info = nil
      em do
        signature = EventMachine.start_server("127.0.0.1", 0)
        port = Addrinfo.new(EventMachine.get_sockname(signature)).ip_port
        EventMachine.connect("127.0.0.1", port, Module.new do
          define_method(:connection_completed) { (info = get_sock_opt(:TCP, :INFO)) && EventMachine.stop }
        end)
      end
      expect(info.inspect).to include("state=ESTABLISHED")
      expect(info.data.bytesize).to be > 128
    end
  end
end
