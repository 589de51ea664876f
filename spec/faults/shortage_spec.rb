# frozen_string_literal: true

require_relative "library"

# What the system has no room for is refused with its reason, or waits. The loop goes on, and no descriptor is lost.
RSpec.describe "A shortage", time_limit: 40 do
  prelude = <<~'RUBY'
    def descriptors = Dir.children("/proc/self/fd").size
    def port_of(server) = EM.get_sockname(server).unpack1("x2n")
    Echo = Module.new { def receive_data(data) = send_data(data) }

    # Runs the loop, and prints what the block says and whether all descriptors were closed.
    def run_counted
      EM.run { EM.stop }
      before = descriptors
      EM.run { EM.add_timer(5) { puts "the loop was not stopped"; EM.stop }; yield }
      GC.start
      puts "lost #{descriptors - before} descriptors" unless descriptors <= before
    end

    # Says a word to a server through one connection after the other, until so many were answered.
    def ask(port, wanted)
      answered = 0
      again = nil
      client = Module.new do
        define_method(:connection_completed) { send_data("word") }
        define_method(:receive_data) { |_| (answered += 1) && close_connection }
        define_method(:unbind) do |*|
          answered == wanted ? (puts "all answered"; EM.stop) : EM.next_tick(again)
        end
      end
      again = lambda do
        EM.connect("127.0.0.1", port, client)
      rescue StandardError => e
        $refusals |= [e.message]
        EM.next_tick(again)
      end
      again.call
    end

    $refusals = []

    # A server, as soon as the system lets it be.
    def serve(handler)
      EM.start_server("127.0.0.1", 0, handler)
    rescue StandardError => e
      $refusals |= [e.message]
      retry
    end
  RUBY

  # Runs a program, and tells what it printed.
  def short_of(rules, prelude, program)
    outcome = Faults.ruby([*rules], prelude + program, limit: 30)
    expect(outcome.status).to be_success, outcome.output
    expect(outcome.faults).to be_positive
    outcome.output
  end

  ask = <<~RUBY
    run_counted { ask(port_of(serve(Echo)), 40) }
    puts $refusals
  RUBY

  %w[EMFILE ENFILE ENOBUFS ENOMEM ECONNABORTED EPERM].each do |error|
    it "of #{error} in accept lets the others wait in the backlog" do
      expect(short_of("accept4:#{error}:8", prelude, ask)).to eq("all answered\n")
    end
  end

  it "of memory for registrations refuses connections, and closes accepted ones" do
    expect(short_of("epoll_ctl:ENOMEM:5", prelude, ask)).to match(/\Aall answered\n(.*Cannot allocate memory.*\n)+\z/)
  end

  it "of descriptors refuses sockets" do
    expect(short_of("socket:EMFILE:3", prelude, ask)).to match(/\Aall answered\n(.*Too many open files.*\n)+\z/)
  end

  it "of buffers drops datagrams, and no others" do
    rules = %w[sendto sendmsg sendmmsg].map { |call| "#{call}:ENOBUFS:4" }
    expect(short_of(rules, prelude, <<~RUBY)).to match(/\A(?:[1-9]|[1-3]\d) of 40\n\z/)
      run_counted do
        received = []
        sink = EM.open_datagram_socket("127.0.0.1", 0, Module.new do
          define_method(:receive_data) { |data| received << data }
        end)
        source = EM.open_datagram_socket("127.0.0.1", 0)
        port = port_of(sink.signature)
        sent = 0
        EM.add_periodic_timer(0.001) do
          source.send_datagram((sent += 1).to_s, "127.0.0.1", port) if sent < 40
        end
        EM.add_timer(0.5) { puts "\#{received.uniq.size} of 40"; EM.stop }
      end
    RUBY
  end

  it "of memory for a datagram that comes leaves the socket open" do
    rules = %w[recvmmsg:ENOMEM:4 recvfrom:ENOMEM:4 recvmsg:ENOMEM:4]
    expect(short_of(rules, prelude, <<~RUBY)).to eq("all received\n")
      run_counted do
        received = 0
        peer = UDPSocket.new
        sink = EM.open_datagram_socket("127.0.0.1", 0, Module.new do
          define_method(:receive_data) do |_|
            (received += 1) == 40 && (peer.close; puts("all received"); EM.stop)
          end
          define_method(:unbind) { |reason = nil| puts "ended: \#{reason}" if received < 40 }
        end)
        port = port_of(sink.signature)
        sent = 0
        EM.add_periodic_timer(0.001) { peer.send("word", 0, "127.0.0.1", port) if (sent += 1) <= 40 }
      end
    RUBY
  end

  it "of watches refuses to watch a file" do
    expect(short_of("inotify_add_watch:ENOSPC:1", prelude, <<~RUBY)).to match(/No space left on device/)
      run_counted do
        EM.watch_file(__dir__ || Dir.pwd)
      rescue StandardError => e
        puts "\#{e.class}: \#{e.message}"
      ensure
        EM.stop
      end
    RUBY
  end

  it "of pipes has proxies copy" do
    expect(short_of("pipe2:EMFILE:1", prelude, <<~RUBY)).to eq("4000000 came through\n")
      Sink = Module.new do
        def receive_data(data)
          (@size = @size.to_i + data.bytesize) == 4_000_000 && (puts("\#{@size} came through"); EM.stop)
        end
      end
      Front = Module.new do
        def post_init
          EM.connect("127.0.0.1", $behind) { |back| proxy_incoming_to(back) }
        end
      end
      run_counted do
        $behind = port_of(EM.start_server("127.0.0.1", 0, Sink))
        EM.connect("127.0.0.1", port_of(EM.start_server("127.0.0.1", 0, Front))) { |c| c.send_data("x" * 4_000_000) }
      end
    RUBY
  end
end
