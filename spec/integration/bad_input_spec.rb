# frozen_string_literal: true

require "tmpdir"

RSpec.describe "Bad input" do
  let(:host) { "127.0.0.1" }

  # Runs the block twice in a new reactor, and checks that it leaves nothing behind.
  def rejected
    counts = []
    attempt = lambda do
      em do
        yield
        EventMachine.add_timer(0.01) do
          counts << [EventMachine.connection_count, EventMachine.get_timer_count]
          done
        end
      end
    end
    attempt.call
    expect(&attempt).not_to leak_descriptors
    # The only timer is the time limit of the example.
    expect(counts).to all(eq([0, 1]))
  end

  describe "Limits" do
    it "are numbers" do
      rejected do
        server = EventMachine.start_server(host, 0)
        client = EventMachine.connect(host, port_of(server))
        expect { client.set_outbound_limits(high: "much", low: 1) }.to raise_error(TypeError, /much/)
        expect { client.set_outbound_limits(high: 1.5) }.to raise_error(TypeError, /1\.5/)
        expect { client.set_outbound_limits(high: 2**70) }.to raise_error(ArgumentError, /high.*#{2**70}/)
        expect { client.pause_when_full(nil) }.to raise_error(NoMethodError)
        expect { EventMachine.set_max_connections(server, "many") }.to raise_error(TypeError, /many/)
        expect { EventMachine.set_max_connections(server, 2**70) }.to raise_error(ArgumentError, /#{2**70}/)
        expect { EventMachine.pause_server(-1) }.to raise_error(RuntimeError, /signature -1\z/)
        [client.close_connection, EventMachine.stop_server(server)]
      end
    end
  end

  describe "EventMachine.start_server" do
    {
      -1 => RuntimeError, 65_536 => RuntimeError, 99_100 => RuntimeError, 2**70 => RuntimeError
    }.each do |port, error|
      it "refuses the port #{port} by name" do
        rejected { expect { EventMachine.start_server(host, port) }.to raise_error(error, /#{port}/) }
      end
    end

    it "says which address is in use" do
      listener = TCPServer.new(host, 0)
      port = listener.addr[1]
      rejected do
        expect { EventMachine.start_server(host, port) }
          .to raise_error(RuntimeError, /no acceptor.*#{Errno::EADDRINUSE.new.message}.*#{host}:#{port}/)
      end
    ensure
      listener.close
    end

    it "says which address cannot be had" do
      rejected do
        expect { EventMachine.start_server("192.0.2.1", 9_000) }.to raise_error(RuntimeError, /192\.0\.2\.1/)
      end
    end

    it "refuses a host that is no String" do
      [nil, 5, :localhost].each do |anything|
        rejected { expect { EventMachine.start_server(anything, 9_000) }.to raise_error(TypeError) }
      end
    end

    it "names the host that is not known" do
      rejected do
        expect { EventMachine.start_server("invalid.invalid", 9_000) }
          .to raise_error(RuntimeError, /invalid\.invalid/)
      end
    end

    it "refuses a path that cannot be bound to" do
      ["/nowhere/to/be/found", "/tmp/#{'x' * 200}"].each do |path|
        rejected do
          expect { EventMachine.start_unix_domain_server(path) }.to raise_error(RuntimeError, /#{path}/)
        end
      end
    end

    it "refuses an empty path" do
      rejected do
        expect { EventMachine.start_unix_domain_server("") }
          .to raise_error(RuntimeError, /no unix-domain acceptor/)
      end
    end

    it "refuses handlers that cannot be ones, before it binds" do
      two = Class.new(EventMachine::Connection) { def initialize(first, second) = super }
      rejected do
        expect { EventMachine.start_server(host, 0, String) }.to raise_error(ArgumentError, /must provide/)
        expect { EventMachine.start_server(host, 0, "text") }.to raise_error(TypeError, /String/)
        expect { EventMachine.start_server(host, "text") }.to raise_error(TypeError, /String/)
        expect { EventMachine.start_server(host, 0, two, 1) }.to raise_error(ArgumentError, /1 for 2/)
      end
    end

    it "wants arguments" do
      expect { EventMachine.start_server }.to raise_error(ArgumentError, /given 0/)
    end
  end

  describe "EventMachine.connect" do
    [-1, 0, 65_536, 99_100].each do |port|
      it "refuses the port #{port} by name" do
        rejected do
          expect { EventMachine.connect(host, port) }.to raise_error(EventMachine::ConnectionError, /#{port}/)
        end
      end
    end

    it "names the host that is not known" do
      rejected do
        expect { EventMachine.connect("invalid.invalid", 80) }
          .to raise_error(EventMachine::ConnectionError, /unable to resolve address: .*invalid\.invalid/)
      end
    end

    it "refuses a host that is no String" do
      [nil, 5].each do |anything|
        rejected { expect { EventMachine.connect(anything, 80) }.to raise_error(TypeError) }
      end
    end

    it "refuses handlers that cannot be ones, before it connects" do
      rejected do
        expect { EventMachine.connect(host, 80, String) }.to raise_error(ArgumentError, /must provide module/)
        expect { EventMachine.connect(host, 80, 5) }.to raise_error(TypeError, /Integer/)
      end
    end

    it "names the socket that is missing" do
      rejected do
        expect { EventMachine.connect_unix_domain("/nowhere/socket") }
          .to raise_error(RuntimeError, %r{no connection.*/nowhere/socket})
      end
    end

    it "closes the socket of a handler that could not be made" do
      raising = Class.new(EventMachine::Connection) { def initialize(*) = raise("initialize") }
      rejected { expect { EventMachine.connect(host, 80, raising) }.to raise_error("initialize") }
    end

    it "names the local address that cannot be had" do
      rejected do
        expect { EventMachine.bind_connect("192.0.2.1", 0, host, 80) }
          .to raise_error(EventMachine::ConnectionError, /192\.0\.2\.1/)
        expect { EventMachine.bind_connect("invalid.invalid", nil, host, 80) }
          .to raise_error(EventMachine::ConnectionError, /invalid bind address: .*invalid\.invalid/)
      end
    end

    it "refuses to reconnect what is no connection" do
      rejected do
        expect { EventMachine.reconnect(host, 80, 5) }.to raise_error(RuntimeError, /invalid handler: 5/)
      end
    end
  end

  describe "EventMachine.open_datagram_socket" do
    it "names the address that cannot be had" do
      rejected do
        expect { EventMachine.open_datagram_socket("192.0.2.1", 0) }
          .to raise_error(RuntimeError, /no datagram socket.*192\.0\.2\.1/)
        expect { EventMachine.open_datagram_socket(host, 99_999) }.to raise_error(RuntimeError, /99999/)
        expect { EventMachine.open_datagram_socket(nil, 0) }.to raise_error(TypeError)
      end
    end
  end

  describe "EventMachine.attach" do
    it "refuses what is no open descriptor" do
      closed = IO.pipe.each(&:close).first
      rejected do
        expect { EventMachine.attach(closed) }.to raise_error(IOError)
        expect { EventMachine.watch(closed) }.to raise_error(IOError)
        expect { EventMachine.attach(nil) }.to raise_error(TypeError)
        expect { EventMachine.attach("x") }.to raise_error(TypeError)
        expect { EventMachine.attach(-1) }.to raise_error(StandardError, /-1/)
        expect { EventMachine.attach(9_999) }.to raise_error(StandardError, /9999/)
      end
    end

    it "leaves a descriptor alone when the handler cannot be one" do
      reader, writer = IO.pipe
      rejected { expect { EventMachine.attach(reader, String) }.to raise_error(ArgumentError, /must provide/) }
      writer << "x"
      expect(reader.readpartial(1)).to eq("x")
    end
  end

  it "has no file opened for writing" do
    expect { EventMachine._open_file_for_writing("name") }.to raise_error(EventMachine::Unsupported, /name/)
  end

  describe "module functions, with a signature that is not known" do
    # What upstream returns, or raises; it aborts the process where a class of error is given.
    {
      close_connection: [[false], nil],
      connection_paused?: [[], false],
      get_peername: [[], nil],
      get_sockname: [[], nil],
      send_data: [["x", 1], -1],
      set_comm_inactivity_timeout: [[1.0], false],
      pause_connection: [[], false],
      resume_connection: [[], false]
    }.each do |function, (args, answer)|
      it "has EventMachine.#{function} return #{answer.inspect}" do
        rejected { expect(EventMachine.public_send(function, 4_242, *args)).to eq(answer) }
      end
    end

    %i[detach_fd stop_tcp_server].each do |function|
      it "has EventMachine.#{function} raise" do
        rejected { expect { EventMachine.public_send(function, 4_242) }.to raise_error(RuntimeError) }
      end
    end

    it "has EventMachine.start_proxy name a target that is unknown" do
      rejected do
        source = EventMachine.connect(host, free_port)
        expect { EventMachine.start_proxy(source.signature, 4_242, 0, 0) }
          .to raise_error(EventMachine::ConnectionError, /4242/)
      end
    end

    %i[
      close_connection connection_paused? detach_fd get_cipher_bits get_comm_inactivity_timeout
      get_connection_attempt_timeout set_connection_attempt_timeout enable_packet_info get_packet_info
      get_file_descriptor get_idle_time get_peer_cert get_peername get_pending_connect_timeout
      get_proxied_bytes get_sni_hostname get_sock_opt get_sockname get_subprocess_pid get_subprocess_status
      is_notify_readable is_notify_writable pause_connection report_connection_error_status
      resume_connection send_data send_datagram send_file_data set_comm_inactivity_timeout
      set_notify_readable set_notify_writable set_pending_connect_timeout set_sock_opt start_proxy start_tls
      stop_proxy stop_tcp_server unwatch_filename unwatch_pid watch_only?
    ].each do |function|
      it "has EventMachine.#{function} take no harm" do
        arity = EventMachine.method(function).arity
        harmless = lambda do |signature|
          EventMachine.public_send(function, signature, *Array.new(arity - 1, "x"))
        rescue StandardError => error
          error
        end
        rejected { [4_242, -1, 0, 2**70, nil, "x", 1.5].each(&harmless) }
      end
    end

    it "does so with the signature of a closed connection" do
      em do
        connection = EventMachine.connect(host, free_port)
        connection.close_connection
        EventMachine.add_timer(0.02) do
          expect(connection.send_data("x")).to eq(-1)
          expect(connection.close_connection).to be_nil
          expect(connection.get_peername).to be_nil
          done
        end
      end
      expect(EventMachine.reactor_running?).to be(false)
    end
  end

  describe "a peer" do
    it "that sends without reading is no one else's concern" do
      log = []
      flood = Module.new { define_method(:receive_data) { |data| send_data(data) } }
      em do
        EventMachine.start_server(host, port = free_port, flood)
        socket = TCPSocket.new(host, port)
        sender = Thread.new { loop { socket.write_nonblock("x" * 65_536) } rescue nil }
        client = Module.new { define_method(:receive_data) { |data| (log << data) && EventMachine.stop } }
        EventMachine.add_timer(0.05) { EventMachine.connect(host, port, client).send_data("hello") }
        EventMachine.add_shutdown_hook { sender.kill && socket.close }
      end
      expect(log).to eq(["hello"])
    end
  end

  it "is refused where it is to be resolved" do
    expect { EventMachine.resolve(nil) }.to raise_error(TypeError)
    expect { EventMachine.resolve("::1", family: :UNIX) }.to raise_error(ArgumentError, /:UNIX/)
    expect { EventMachine.resolve("::1", timeout: -1) }.to raise_error(ArgumentError, /-1/)
    expect { EventMachine.resolve("::1", timeout: "soon") }.to raise_error(TypeError, /"soon"/)
    expect { EventMachine.resolve("::1", timeout: Float::NAN) }.to raise_error(ArgumentError, /NaN/)
    expect { EventMachine.resolve("localhost") }.to raise_error(RuntimeError, /not initialized/)
  end

  it "is refused as a way to resolve names, and as a delay" do
    expect { EventMachine.name_resolution = :fast }.to raise_error(ArgumentError, /:fast/)
    expect(EventMachine.name_resolution).to eq(:inline)
    expect { EventMachine.connection_attempt_delay = -0.1 }.to raise_error(ArgumentError, /-0.1/)
    expect { EventMachine.set_connection_attempt_timeout(1, -0.2) }.to raise_error(ArgumentError, /-0.2/)
    expect { EventMachine.set_connection_attempt_timeout(1, nil) }.to raise_error(TypeError, /nil/)
    expect { EventMachine.resolution_delay = Float::NAN }.to raise_error(ArgumentError, /NaN/)
    [:connection_attempt_delay=, :resolution_delay=].each do |setter|
      ["soon", nil, :soon, []].each do |delay|
        expect { EventMachine.public_send(setter, delay) }
          .to raise_error(TypeError, "a delay must be a number: #{delay.inspect}")
      end
    end
  end

  it "has no option of servers that is unknown or of the wrong type" do
    call = ->(**options) { EventMachine.with_server_options(**options) { nil } }
    expect { call.call(reuse: true) }.to raise_error(ArgumentError, /reuse/)
    expect { call.call(reuse_port: 1) }.to raise_error(TypeError, /reuse_port is not 1/)
    expect { call.call(backlog: "many") }.to raise_error(TypeError, /"many"/)
    expect { EventMachine.with_server_options }.to raise_error(ArgumentError, /block/)
  end
end
