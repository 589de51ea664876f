# frozen_string_literal: true

# Stopping without cutting anything off.
RSpec.describe "EventMachine.stop_gracefully" do
  let(:log) { [] }

  # Answers each line after some time.
  slow = Module.new do
    define_method(:initialize) { |seconds = 0.05| @seconds = seconds }
    define_method(:receive_data) { |data| EventMachine.add_timer(@seconds) { send_data("answer to #{data}") } }
  end

  silent = Module.new { define_method(:receive_data) { |_| nil } }

  def gracefully(timeout = 30, quiet: 0.02)
    EventMachine.stop_gracefully(timeout, quiet: quiet) { |left| log << left }
  end

  # Calls the block when the server has got what its client has sent.
  def when_served(handler, &block)
    Module.new do
      include handler
      define_method(:receive_data) do |data|
        super(data)
        EventMachine.next_tick(&block)
      end
    end
  end

  # Runs the reactor until it ends by itself, beside the work of a peer.
  #
  # @return [Object] what the work comes to
  def until_stopped
    thread = nil
    em do
      work = yield
      thread = Thread.new { attempt(&work) }
    end
    thread.value
  end

  def elapsed
    started = Process.clock_gettime(Process::CLOCK_MONOTONIC)
    yield
    Process.clock_gettime(Process::CLOCK_MONOTONIC) - started
  end

  it "has requests answered before the end, and takes no more" do
    answers = until_stopped do
      port = serve(when_served(slow) { gracefully })
      lambda do
        peer = TCPSocket.new("127.0.0.1", port)
        peer.write("this")
        [peer.read, attempt { TCPSocket.new("127.0.0.1", port) }]
      end
    end
    expect([answers, log]).to eq([["answer to this", Errno::ECONNREFUSED], [0]])
  end

  it "ends the loop by itself" do
    em { gracefully }
    expect(log).to eq([0])
  end

  it "answers on Unix sockets, and under TLS" do
    secure = Module.new do
      include slow
      def post_init = start_tls
    end
    asking = Module.new do
      define_method(:initialize) { |log, secured| (@log = log) && @secured = secured }
      define_method(:connection_completed) do
        start_tls if @secured
        send_data("this")
      end
      define_method(:receive_data) { |data| @log << data }
    end
    em do
      EventMachine.start_unix_domain_server(socket_path, slow)
      EventMachine.connect_unix_domain(socket_path, asking, log, false)
      EventMachine.connect("127.0.0.1", serve(secure), asking, log, true)
      EventMachine.next_tick { gracefully }
    end
    expect(log).to eq(["answer to this", "answer to this", 0])
  end

  it "answers who waits in the backlog of a server that is full" do
    handler = when_served(slow) { gracefully unless EventMachine.stopping_gracefully? }
    answers = until_stopped do
      server = EventMachine.start_server("127.0.0.1", 0, handler, 0.01)
      EventMachine.set_max_connections(server, 1)
      port = port_of(server)
      lambda do
        peers = Array.new(3) { TCPSocket.new("127.0.0.1", port) }
        peers.each { |peer| peer.write("this") }
        peers.map { |peer| attempt { peer.read } }
      end
    end
    expect(answers).to eq(["answer to this"] * 3)
  end

  it "writes what waits for a slow reader" do
    much = "x" * 8_000_000
    read = until_stopped do
      port = serve { |made| made.send_data(much) }
      EventMachine.add_timer(0.02) { gracefully }
      lambda do
        peer = TCPSocket.new("127.0.0.1", port)
        sleep 0.1
        peer.read
      end
    end
    expect([read.size, log]).to eq([much.size, [0]])
  end

  it "leaves it to a handler that defines shutdown_requested, and asks it once" do
    asked = Class.new(EventMachine::Connection) do
      define_method(:initialize) { |log| @log = log }

      private

      define_method(:shutdown_requested) do
        @log << :shutdown_requested
        EventMachine.add_timer(0.1) { send_data("bye") && close_connection_after_writing }
      end
    end
    read = until_stopped do
      port = serve(asked, log) { gracefully }
      -> { TCPSocket.new("127.0.0.1", port).read }
    end
    expect([read, log]).to eq(["bye", [:shutdown_requested, 0]])
  end

  it "keeps connections that answers need until all are given" do
    backend = TCPServer.new("127.0.0.1", 0)
    Thread.new { backend.accept.then { |peer| peer.write("answer to #{peer.readpartial(9)}") } }
    answer = until_stopped do
      pool = EventMachine.connect("127.0.0.1", backend.addr[1])
      port = serve(Module.new do
        define_method(:receive_data) do |data|
          front = self
          pool.define_singleton_method(:receive_data) { |result| front.send_data(result) }
          EventMachine.add_timer(0.1) { pool.send_data(data) }
          EventMachine.next_tick { EventMachine.stop_gracefully(3, quiet: 0.02) }
        end
      end)
      -> { TCPSocket.new("127.0.0.1", port).then { |peer| peer.write("this") && peer.read } }
    end
    expect(answer).to eq("answer to this")
  end

  it "neither waits for what is detached, nor asks it to end" do
    requested = []
    asked = Class.new(EventMachine::Connection) { define_method(:shutdown_requested) { requested << self } }
    detached = nil
    em do
      EventMachine.connect("127.0.0.1", serve(asked)) do |client|
        client.send_data("x" * 10_000_000)
        detached = EventMachine.attach(kept(UNIXSocket.pair).first, asked)
        EventMachine.next_tick do
          [client, detached].each { |connection| io_of(connection.detach).close }
          gracefully
        end
      end
    end
    expect(log).to eq([0])
    expect(requested).not_to include(detached)
  end

  it "lets a handler detach its connection when it is asked to end" do
    near, far = UNIXSocket.pair
    asked = Class.new(EventMachine::Connection) { define_method(:shutdown_requested) { detach } }
    em do
      EventMachine.attach(near, asked)
      gracefully
    end
    near.write("still open")
    near.close
    expect([log, far.read]).to eq([[0], "still open"])
  end

  it "waits for tasks and for deferred operations" do
    em do
      EventMachine.fiber { (sleep 0.05) && log << :task }
      EventMachine.defer(-> { sleep 0.1 }, ->(_) { log << :deferred })
      gracefully
    end
    expect(log).to contain_exactly(:task, :deferred, 0)
    expect(log.last).to eq(0)
  end

  it "can be awaited in a task, which it does not wait for" do
    em { EventMachine.fiber { log << EventMachine.stop_gracefully(3, quiet: 0).await } }
    expect(log).to eq([0])
  end

  it "says at the deadline how many it cuts off" do
    ended = []
    seconds = elapsed do
      em do
        server = Module.new do
          include silent
          define_method(:unbind) { ended << :unbind }
        end
        EventMachine.fiber { sleep }
        port = serve(when_served(server) { gracefully(0.1) })
        EventMachine.connect("127.0.0.1", port) { |client| client.send_data("no answer") }
      end
    end
    expect([log, ended]).to eq([[3], [:unbind]])
    expect(seconds).to be < 20
  end

  it "ends at once when it is called again" do
    seconds = elapsed do
      em do
        again = lambda do
          expect(EventMachine.stopping_gracefully?).to be(false)
          first = gracefully
          expect(EventMachine.stopping_gracefully?).to be(true)
          expect(gracefully).to equal(first)
        end
        port = serve(when_served(silent, &again))
        EventMachine.connect("127.0.0.1", port) { |client| client.send_data("no answer") }
      end
    end
    expect(log).to eq([2, 2])
    expect(seconds).to be < 20
    expect(EventMachine.stopping_gracefully?).to be(false)
  end

  it "is settled by EventMachine.stop too" do
    em do
      port = serve(when_served(silent) { gracefully && EventMachine.add_timer(0.05) { EventMachine.stop } })
      EventMachine.connect("127.0.0.1", port) { |client| client.send_data("no answer") }
    end
    expect(log).to eq([2])
  end

  it "may be called from other threads and from a signal handler" do
    previous = trap("USR1") { gracefully }
    em { Process.kill(:USR1, Process.pid) }
    em { Thread.new { gracefully } }
    expect(log).to eq([0, 0])
  ensure
    trap("USR1", previous)
  end

  it "says what it cannot do" do
    expect { EventMachine.stop_gracefully }.to raise_error(RuntimeError, /not initialized: stop_gracefully/)
    em do
      expect { EventMachine.stop_gracefully(-1) }.to raise_error(ArgumentError, /-1/)
      expect { EventMachine.stop_gracefully(quiet: -2) }.to raise_error(ArgumentError, /-2/)
      expect { EventMachine.stop_gracefully("soon") }.to raise_error(TypeError, /timeout must be a number: "soon"/)
      expect { EventMachine.stop_gracefully(quiet: Float::NAN) }.to raise_error(ArgumentError, /quiet .*NaN/)
      EventMachine.stop
    end
  end
end
