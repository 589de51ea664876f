# frozen_string_literal: true

require "tmpdir"

# Where servers listen, and with what options.
RSpec.describe "A server" do
  def address(signature)
    Addrinfo.new(EventMachine.get_sockname(signature), nil, :STREAM)
  end

  def option(signature, level, name)
    EventMachine.get_sock_opt(signature, Socket.const_get(level), Socket.const_get(name)).unpack1("i")
  end

  def within_loop
    result = nil
    em { (result = yield) && done }
    result
  end

  it "on any host listens on all addresses of IPv4" do
    found = within_loop { ["", "*"].map { |host| address(EventMachine.start_server(host, 0)).ip_address } }
    expect(found).to eq(["0.0.0.0"] * 2)
  end

  it "on the port of a service listens on that" do
    expect(Socket).to receive(:getservbyname).with("demo", "tcp").twice.and_return(free_port)
    log = []
    em do
      EventMachine.start_server("127.0.0.1", "demo")
      visitor = Module.new { define_method(:connection_completed) { (log << :completed) && EventMachine.stop } }
      EventMachine.connect("127.0.0.1", "demo", visitor)
    end
    expect(log).to eq([:completed])
  end

  it "on an Addrinfo listens there, and is connected to by one" do
    log = []
    server = Module.new { define_method(:initialize) { |word| send_data(word) } }
    client = Module.new do
      define_method(:receive_data) { |data| (log << data << remote_address << local_address) && EventMachine.stop }
    end
    em do
      signature = EventMachine.start_server(Addrinfo.tcp("127.0.0.1", 0), server, "word")
      log << address(signature)
      EventMachine.bind_connect(Addrinfo.tcp("127.0.0.2", 0), nil, address(signature), client)
    end
    expect(log[1]).to eq("word")
    expect(log[2].inspect_sockaddr).to eq(log[0].inspect_sockaddr)
    expect([log[3].ip_address, log[3].socktype]).to eq(["127.0.0.2", Socket::SOCK_STREAM])
  end

  describe "by start_servers" do
    it "has one port on all addresses" do
      found = within_loop { EventMachine.start_servers(nil, 0).map { |one| address(one) } }
      expect(found.map(&:ip_port).uniq.size).to eq(1)
      expect(found.map(&:ip_address)).to eq(["::", "0.0.0.0"]).or eq(["0.0.0.0"])
    end

    it "serves each address of a host, with one handler" do
      log = []
      visitor = Module.new { define_method(:receive_data) { |data| (log << data) && close_connection } }
      em do
        allow(EventMachine).to receive(:host_addresses).with("two.example").and_return(["127.0.0.2", "127.0.0.3"])
        server = Module.new { define_method(:initialize) { |word| send_data(word) } }
        signatures = EventMachine.start_servers("two.example", 0, server, "word")
        signatures.each { |one| EventMachine.connect(address(one), visitor) }
        EventMachine.add_periodic_timer(0.002) { done if log.size == 2 }
      end
      expect(log).to eq(%w[word word])
    end

    it "listens on none where one is in use" do
      port = free_port("127.0.0.3")
      em do
        allow(EventMachine).to receive(:host_addresses).and_return(["127.0.0.2", "127.0.0.3"])
        EventMachine.start_server("127.0.0.3", port)
        expect { EventMachine.start_servers("two.example", port) }.to raise_error(RuntimeError, /\Ano acceptor/)
        EventMachine.add_timer(0.002) do
          expect { TCPSocket.new("127.0.0.2", port).close }.to raise_error(Errno::ECONNREFUSED)
          done
        end
      end
    end

    it "leaves out addresses that are not there" do
      em do
        allow(EventMachine).to receive(:host_addresses).and_return(["192.0.2.1", "127.0.0.1"])
        expect(EventMachine.start_servers("two.example", 0).map { |one| address(one).ip_address }).to eq(["127.0.0.1"])
        allow(EventMachine).to receive(:host_addresses).and_return(["192.0.2.1"])
        reason = SystemCallError.new(Errno::EADDRNOTAVAIL::Errno).message
        expect { EventMachine.start_servers("one.example", 0) }
          .to raise_error(RuntimeError, /\Ano acceptor.*#{Regexp.escape(reason)}/)
        done
      end
    end

    it "finds the addresses by itself" do
      found = within_loop { EventMachine.start_servers("localhost", 0).map { |one| address(one) } }
      expect(found).to all(be_ip)
      expect(found.map { |one| one.ipv4_loopback? || one.ipv6_loopback? }).to all(be(true))
    end
  end

  describe "in a block with options" do
    it "has them" do
      values = within_loop do
        EventMachine.with_server_options(reuse_port: true, defer_accept: 3, fast_open: 7) do
          one = EventMachine.start_server("127.0.0.1", 0)
          # A second one can only be there since both have the option.
          EventMachine.start_server("127.0.0.1", address(one).ip_port)
          [option(one, :SOL_SOCKET, :SO_REUSEPORT), option(one, :IPPROTO_TCP, :TCP_FASTOPEN),
           option(one, :IPPROTO_TCP, :TCP_DEFER_ACCEPT)]
        end
      end
      expect(values).to match([1, 7, be_positive])
    end

    it "has those of the blocks around it, but not after them" do
      values = within_loop do
        EventMachine.with_server_options(reuse_port: true) do
          EventMachine.with_server_options(backlog: 5) { EventMachine.start_server("localhost", 0) }
        end => inner
        [inner, EventMachine.start_server("localhost", 0)].map { |one| option(one, :SOL_SOCKET, :SO_REUSEPORT) }
      end
      expect(values).to eq([1, 0])
    end

    it "has no more connections waiting than the backlog" do
      em do
        one = EventMachine.with_server_options(backlog: 0) { EventMachine.start_server("127.0.0.1", 0) }
        # The loop accepts none of them meanwhile.
        waiting = Array.new(3) do
          Socket.new(:INET, :STREAM).tap { |socket| socket.connect_nonblock(address(one), exception: false) }
        end
        expect(waiting.count { |socket| socket.wait_writable(0) }).to eq(1)
        waiting.each(&:close)
        done
      end
    end

    it "raises as without where it cannot listen" do
      em do
        EventMachine.with_server_options(backlog: 5) do
          expect { EventMachine.start_server("192.0.2.1", 80) }.to raise_error(RuntimeError, /\Ano acceptor \(port/)
          expect { EventMachine.start_server("no-such.invalid", 80) }.to raise_error(RuntimeError, /\Ano acceptor/)
        end
        done
      end
    end
  end

  describe "on a Unix socket" do
    around { |example| Dir.mktmpdir { |directory| Dir.chdir(directory) { example.run } } }

    it "takes its file along when it stops, and when the loop ends" do
      em do
        server = EventMachine.start_server("one")
        EventMachine.start_server("two")
        expect(Dir.children(".")).to contain_exactly("one", "two")
        EventMachine.stop_server(server)
        EventMachine.add_periodic_timer(0.002) { done unless File.exist?("one") }
      end
      expect(Dir.children(".")).to be_empty
    end

    it "leaves the file of one that has taken its place" do
      em do
        EventMachine.start_server("socket")
        File.unlink("socket")
        UNIXServer.new("socket")
        done
      end
      expect(File.exist?("socket")).to be(true)
    end

    it "leaves the file to the parent of a forked child" do
      em do
        EventMachine.start_server("socket")
        pid = fork { EventMachine.run { EventMachine.stop } && exit!(0) }
        EventMachine.defer(-> { Process.wait(pid) }, lambda do |_|
          expect(File.exist?("socket")).to be(true)
          done
        end)
      end
    end

    it "may have an abstract name" do
      log = []
      client = Module.new { define_method(:receive_data) { |data| (log << data << getpeereid) && EventMachine.stop } }
      em do
        name = "\0em-#{Process.pid}"
        EventMachine.start_server(name, Module.new { define_method(:post_init) { send_data("word") } })
        EventMachine.connect(name, client)
      end
      expect(log).to eq(["word", [Process.euid, Process.egid]])
      expect(Dir.children(".")).to be_empty
    end
  end

  describe "that systemd has opened" do
    it "is there by its name, once for all, and for this process only" do
      output, = run_ruby(<<~'RUBY')
        listener = TCPServer.new("127.0.0.1", 0)
        program = <<~PROGRAM
          ENV["LISTEN_PID"] = Process.pid.to_s if ENV["LISTEN_PID"].empty?
          sockets = EventMachine.inherited_sockets
          p sockets.map { |socket| socket.local_address.ip_port }, EventMachine.inherited_sockets("web") == sockets
          p EventMachine.inherited_sockets("other"), ENV.keys.grep(/LISTEN/), sockets.map(&:close_on_exec?)
        PROGRAM
        ["", "1"].each do |pid|
          environment = { "LISTEN_PID" => pid, "LISTEN_FDS" => "1", "LISTEN_FDNAMES" => "web" }
          command = [RbConfig.ruby, *$LOAD_PATH.first(1).map { |path| "-I#{path}" }, "-reventmachine", "-e", program]
          puts IO.popen([environment, *command, { 3 => listener.fileno }], &:read).sub(listener.addr[1].to_s, "PORT")
        end
      RUBY
      expect(output).to eq("[PORT]\ntrue\n[]\n[]\n[true]\n[]\ntrue\n[]\n[\"LISTEN_PID\", \"LISTEN_FDS\", " \
                           "\"LISTEN_FDNAMES\"]\n[]\n")
    end

    it "is refused where nobody can say how many there are" do
      output, = run_ruby(<<~'RUBY')
        ["many", "-1", "", nil].each do |count|
          ENV["LISTEN_PID"] = Process.pid.to_s
          ENV["LISTEN_FDS"] = count
          p EventMachine.inherited_sockets, ENV.keys.grep(/LISTEN/)
        rescue ArgumentError => error
          puts error.message
        end
      RUBY
      expect(output).to eq(<<~TEXT)
        LISTEN_FDS is no number of descriptors: "many"
        LISTEN_FDS is no number of descriptors: "-1"
        LISTEN_FDS is no number of descriptors: ""
        []
        []
      TEXT
    end
  end
end
