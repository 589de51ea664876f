# frozen_string_literal: true

# One direction of a connection ends before the other, where a handler says so: by close_write for its own, and by
# defining receive_eof for its peer's.
RSpec.describe "A half-close" do
  # Answers what its peer has sent, once that is at its end.
  answering = Module.new do
    def receive_data(data)
      (@request ||= +"") << data
    end

    def receive_eof
      EventMachine.next_tick do
        send_data("answer to #{@request}")
        close_connection_after_writing
      end
    end
  end

  # Sends a request and its end.
  asking = Module.new do
    define_method(:initialize) { |log| @log = log }
    define_method(:post_init) do
      send_data("request")
      @log << [:close_write, close_write, close_write, send_data("late")]
    end
    define_method(:receive_data) { |data| @log << data }
    define_method(:unbind) do |reason|
      @log << reason
      EventMachine.stop
    end
  end

  asked = [[:close_write, true, false, 0], "answer to request", nil]

  let(:log) { [] }

  def ask(port, request = "request")
    peer = TCPSocket.new("127.0.0.1", port)
    peer.write(request)
    peer.close_write
    peer.read
  end

  it "leaves the way back open to a handler that defines receive_eof" do
    expect(beside { serve(answering).then { |port| -> { ask(port) } } }).to eq("answer to request")
  end

  it "ends the connection of one that does not" do
    handler = Module.new { def receive_data(_) = EventMachine.add_timer(0.02) { send_data("late") } }
    expect(beside { serve(handler).then { |port| -> { ask(port) } } }).to eq("")
  end

  it "counts a private receive_eof, and one of the object alone" do
    answers = beside do
      port = serve(Module.new { private def receive_eof = close_connection_after_writing.tap { send_data("no") } })
      other = serve { |made| made.define_singleton_method(:receive_eof) { send_data("own") && close_connection(true) } }
      -> { [ask(port), ask(other)] }
    end
    expect(answers).to eq(["", "own"])
  end

  it "is told before unbind, and a turn before that" do
    events = log
    beside do
      port = serve(Module.new do
        define_method(:receive_data) { |data| events << data }
        define_method(:receive_eof) { events << :receive_eof and close_connection }
        define_method(:unbind) { events << :unbind }
      end)
      -> { ask(port) }
    end
    expect(log).to eq(["request", :receive_eof, :unbind])
  end

  it "ends when both sides have, in whichever order" do
    events = log
    beside do
      port = serve(Module.new do
        define_method(:receive_eof) { events << close_write }
        define_method(:unbind) { |reason| events << reason }
      end)
      first = serve(Module.new do
        define_method(:post_init) { events << close_write }
        define_method(:receive_eof) { events << :receive_eof }
        define_method(:unbind) { |reason| events << reason }
      end)
      -> { [ask(port), TCPSocket.new("127.0.0.1", first).then { |peer| [peer.read, peer.close] }] }
    end
    expect(log).to eq([true, nil, true, :receive_eof, nil])
  end

  it "works from both ends in one reactor" do
    em { EventMachine.connect("127.0.0.1", serve(answering), asking, log) }
    expect(log).to eq(asked)
  end

  it "works on Unix sockets" do
    em do
      EventMachine.start_unix_domain_server(socket_path, answering)
      EventMachine.connect_unix_domain(socket_path, asking, log)
    end
    expect(log).to eq(asked)
  end

  it "works on attached sockets" do
    near, far = UNIXSocket.pair
    em { EventMachine.attach(near, answering) && EventMachine.attach(far, asking, log) }
    expect(log).to eq(asked)
  end

  it "is told of a pipe, whose connection then waits to be closed" do
    reader, writer = IO.pipe
    events = log
    em do
      handler = noting(events, unbind: ->(_) { EventMachine.stop })
      handler.define_method(:receive_eof) { EventMachine.next_tick { (events << :later) && close_connection } }
      EventMachine.attach(reader, handler)
      writer.write("word")
      writer.close
    end
    expect(log).to eq([:post_init, "word", :later, [:unbind, nil]])
  end

  it "works under TLS, with close_notify after the handshake" do
    secured = lambda do |handler|
      Module.new do
        include handler
        define_method(:post_init) do
          start_tls
          super()
        end
      end
    end
    em { EventMachine.connect("127.0.0.1", serve(secured[answering]), secured[asking], log) }
    expect(log).to eq(asked)
  end

  it "feeds a child process to its end, and reads what it makes of that" do
    lines = (1..20_000).map { |number| "#{number}\n" }
    output = +""
    em do
      EventMachine.popen("sort", Module.new do
        define_method(:receive_data) { |data| output << data }
        define_method(:unbind) { EventMachine.stop }
      end) { |sort| sort.send_data(lines.join) && sort.close_write }
    end
    expect(output).to eq(lines.sort.join)
  end

  it "has a child process time to answer, and tells its status" do
    status = nil
    handler = Module.new do
      define_method(:post_init) { close_write }
      define_method(:receive_eof) { close_connection }
      define_method(:unbind) { (status = get_status) && EventMachine.stop }
    end
    em { EventMachine.popen(["sh", "-c", "cat; sleep 0.7; exit 3"], handler) }
    expect(status.exitstatus).to eq(3)
  end

  it "is noticed where the peer is gone altogether" do
    events = log
    handler = Module.new do
      define_method(:receive_eof) { events << :receive_eof }
      define_method(:unbind) { |reason| events << reason and EventMachine.stop }
    end
    em do
      EventMachine.start_unix_domain_server(socket_path, handler)
      UNIXSocket.new(socket_path).close
    end
    expect(log).to eq([:receive_eof, nil])
  end

  it "hands what receive_eof raises to the error handler, and keeps the connection" do
    errors = []
    answer = beside do
      EventMachine.error_handler { |error| errors << error.message }
      port = serve(Module.new do
        def receive_eof
          EventMachine.next_tick { send_data("still here") && close_connection_after_writing }
          raise "failed"
        end
      end)
      -> { ask(port) }
    end
    expect([answer, errors]).to eq(["still here", ["failed"]])
  end

  describe "close_write" do
    it "is false once closed, detached, or without a reactor" do
      em do
        connection = EventMachine.connect("127.0.0.1", serve) { |made| made.close_connection_after_writing }
        log << connection.close_write
        detached = EventMachine.connect("127.0.0.1", serve)
        IO.for_fd(detached.detach).close
        log << detached.close_write
        after_turns do
          log << connection.close_write << detached.close_write
          EventMachine.stop
        end
      end
      expect(log << EventMachine.close_write(1)).to eq([false] * 5)
    end

    it "is false for a pipe, whose only side it would be" do
      reader, writer = IO.pipe
      em { (log << EventMachine.attach(writer).close_write) && EventMachine.stop }
      expect(log).to eq([false])
    ensure
      reader&.close
    end

    it "is an error for what is no connection" do
      em do
        datagrams = EventMachine.open_datagram_socket("127.0.0.1", 0)
        expect { datagrams.close_write }.to raise_error(RuntimeError, /close_write is not for a datagram socket/)
        EventMachine.stop
      end
    end
  end
end
