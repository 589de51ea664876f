# frozen_string_literal: true

require "socket"

RSpec.describe "Regressions" do
  let(:port) { free_port }

  describe "a connection that unbind makes anew and that is refused at once" do
    # connect(2) fails at once for this address.
    let(:script) { <<~RUBY }
      Again = Class.new(EventMachine::Connection) do
        def unbind
          %s
        end
      end
      EventMachine.run do
        EventMachine.connect("255.255.255.255", 9, Again)
        EventMachine.add_timer(0.05) { EventMachine.stop }
      end
      puts "stopped"
    RUBY

    ['reconnect("255.255.255.255", 9)', 'EventMachine.connect("255.255.255.255", 9, Again)'].each do |again|
      it "does not hold up timers with #{again[/[\w.]+/]}" do
        program = format(script, "#{again} unless EventMachine.stopping?")
        expect(run_ruby(program).first).to eq("stopped\n")
      end
    end
  end

  it "lets other threads and signals have their share while a proxy keeps the loop busy" do
    script = <<~RUBY
      Signal.trap(:USR1) { $stdout.syswrite("signal ") }
      EventMachine.run do
        source = EventMachine.attach(File.open("/dev/zero"))
        target = EventMachine.attach(File.open("/dev/null", "w"))
        EventMachine.enable_proxy(source, target)
        Thread.new do
          sleep 0.02
          Process.kill(:USR1, Process.pid)
          EventMachine.stop
        end
      end
      puts "stopped"
    RUBY
    expect(run_ruby(script).first).to eq("signal stopped\n")
  end

  describe "an IO object that was closed behind the reactor's back" do
    # The next descriptor gets the same number. Operations on the old one must not affect it.
    def receive_on_reused_descriptor(attach)
      received = reused = nil
      em do
        EventMachine.start_server("127.0.0.1", port) do |accepted|
          EventMachine.add_timer(0.02) { accepted.send_data("hello") }
        end
        io, peer = UNIXSocket.pair
        stale = attach.call(io)
        number = io.fileno
        io.close
        EventMachine.connect("127.0.0.1", port) do |fresh|
          reused = EventMachine.get_file_descriptor(fresh.signature) == number
          fresh.define_singleton_method(:receive_data) { |data| (received = data) && EventMachine.stop }
        end
        yield stale
        peer.close
      end
      expect(reused).to be(true)
      received
    end

    it "does no harm when it is detached" do
      watch = ->(io) { EventMachine.watch(io) { |c| c.notify_readable = true } }
      received = receive_on_reused_descriptor(watch) do |stale|
        stale.notify_readable = false
        stale.detach
      end
      expect(received).to eq("hello")
    end

    it "ends as a connection, with the reason" do
      reasons = []
      attach = lambda do |io|
        EventMachine.attach(io) { |c| c.define_singleton_method(:unbind) { |reason| reasons << reason } }
      end
      received = receive_on_reused_descriptor(attach) do |stale|
        stale.send_data("not for the new one")
        stale.close_connection
      end
      expect(received).to eq("hello")
      expect(reasons).to eq([Errno::EBADF])
    end
  end

  it "takes nothing for a connect's success that happens to a socket which was closed before" do
    connected = []
    same_slot = nil
    em do
      full = Socket.new(:INET, :STREAM).tap { |socket| socket.bind(Addrinfo.tcp("127.0.0.1", 0)) }
      full.listen(0)
      waiting = Array.new(2) { Socket.new(:INET, :STREAM) }
      waiting.each { |socket| socket.connect_nonblock(full.local_address, exception: false) }
      held = []
      peer = nil
      connect = lambda do |slot|
        fresh = EventMachine.connect("127.0.0.1", full.local_address.ip_port)
        same_slot = fresh.signature & 0xffffff == slot
        fresh.define_singleton_method(:connection_completed) { connected << self }
        peer.setsockopt(Socket::Option.linger(true, 0))
        peer.close
        EventMachine.add_timer(0.05) { EventMachine.stop }
      end
      EventMachine.start_server("127.0.0.1", port) do |accepted|
        # Keeps the socket open, as a forked child does.
        held << IO.for_fd(EventMachine.get_file_descriptor(accepted.signature), autoclose: false).dup
        accepted.close_connection
        slot = accepted.signature & 0xffffff
        accepted.define_singleton_method(:unbind) { EventMachine.next_tick { connect.call(slot) } }
      end
      peer = TCPSocket.new("127.0.0.1", port)
    end
    expect(same_slot).to be(true)
    expect(connected).to eq([])
  end

  it "gives the error handler the reactor's own errors as exceptions" do
    errors = []
    EventMachine.error_handler do |error|
      errors << error
      EventMachine.stop
    end
    em { EventMachine.add_oneshot_timer(0) }
    expect(errors).to match([an_instance_of(EventMachine::UnknownTimerFired)])
    expect(errors.first.message).to match(/unknown timer \d+ fired/)
  end
end

RSpec.describe "A connect by another thread" do
  let(:events) { [] }
  let(:slow) do
    seen = events
    Class.new(EventMachine::Connection) do
      define_method(:initialize) do
        super()
        # The loop's thread runs meanwhile.
        Thread.new { IO.select(nil, nil, nil, 0.05) }.join
        seen << :made
      end

      define_method(:connection_completed) do
        seen << :completed
        EventMachine.stop
      end

      define_method(:unbind) do |reason|
        seen << reason
        EventMachine.stop
      end
    end
  end

  it "has its end told of, too, no sooner than its object is made" do
    port = free_port
    em { Thread.new { EventMachine.connect("127.0.0.1", port, slow) } }
    expect(events).to eq([:made, Errno::ECONNREFUSED])
  end

  it "is told of no sooner than its object is made, however long that takes" do
    em do
      server = EventMachine.start_server("127.0.0.1", 0)
      port = Socket.unpack_sockaddr_in(EventMachine.get_sockname(server))[0]
      Thread.new { EventMachine.connect("127.0.0.1", port, slow) }
    end
    expect(events.first(2)).to eq(%i[made completed])
  end
end
