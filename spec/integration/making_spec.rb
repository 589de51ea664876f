# frozen_string_literal: true

require "tempfile"

# Another thread than the reactor's opens something, and the object's initialize lets the loop run. What
# happens to the descriptor meanwhile is told once the object is there, and the loop stands still for nobody.
RSpec.describe "What another thread opens, with an initialize that takes its time," do
  let(:log) { [] }

  after { @threads&.each(&:kill) }

  # Returns when the loop has gone round several times, seen from another thread.
  def await_turns
    gone_round = Queue.new
    EventMachine.next_tick { after_turns { gone_round << true } }
    gone_round.pop
  end

  # A handler whose initialize does something, waits, and notes when it is done. Each callback notes what it is
  # given, and the last one stops the reactor.
  def slow(*callbacks, of: EventMachine::Connection, doing: ->(_) {})
    entries = log
    wait = method(:await_turns)
    Class.new(of) do
      define_method(:initialize) do |*|
        super()
        doing.call(self)
        wait.call
        entries << :made
      end
      callbacks.each do |name|
        define_method(name) do |*details|
          entries << [name, *details]
          EventMachine.stop if name == callbacks.last
        end
      end
    end
  end

  def in_thread(&block)
    thread = Thread.new(&block)
    thread.report_on_exception = false
    (@threads ||= []) << thread
    thread
  end

  def outcome_of(thread)
    thread.join && :ended
  rescue RuntimeError => e
    e.message
  end

  # Runs the reactor while another thread makes something.
  def make_beside(&block)
    em { in_thread(&block) }
    log
  end

  # A server outside the reactor that greets.
  def greeter
    listener = TCPServer.new("127.0.0.1", 0)
    in_thread { @greeted = listener.accept.tap { |peer| peer.write("hello") } }
    listener.addr[1]
  end

  %i[connect bind_connect].each do |how|
    it "is told that it is connected, by #{how}" do
      port = greeter
      from = how == :bind_connect ? ["127.0.0.1", 0] : []
      make_beside { EventMachine.send(how, *from, "127.0.0.1", port, slow(:connection_completed, :receive_data)) }
      expect(log).to eq([:made, [:connection_completed], [:receive_data, "hello"]])
    end
  end

  it "is told that it is connected, by connect_unix_domain" do
    server = UNIXServer.new(socket_path)
    make_beside { EventMachine.connect_unix_domain(socket_path, slow(:connection_completed)) }
    server.close
    expect(log).to eq([:made, [:connection_completed]])
  end

  it "is told that it was refused" do
    port = free_port
    make_beside { EventMachine.connect("127.0.0.1", port, slow(:connection_completed, :unbind)) }
    expect(log).to eq([:made, [:unbind, Errno::ECONNREFUSED]])
  end

  it "is told what came and that it ended, by attach" do
    near, far = UNIXSocket.pair
    handler = slow(:receive_data, :unbind, doing: ->(_) { far.write("hello") && far.close })
    make_beside { EventMachine.attach(near, handler) }
    expect(log).to eq([:made, [:receive_data, "hello"], [:unbind, nil]])
  end

  it "is told that it can be read, by watch" do
    reader, writer = IO.pipe
    writer.write("hello")
    make_beside { EventMachine.watch(reader, slow(:notify_readable, doing: ->(c) { c.notify_readable = true })) }
    expect(log).to eq([:made, [:notify_readable]])
  end

  it "is told what a child writes, and its end, by popen" do
    make_beside { EventMachine.popen("echo hello", slow(:receive_data, :unbind)) }
    expect(log).to eq([:made, [:receive_data, "hello\n"], [:unbind, nil]])
  end

  it "is told of datagrams, by open_datagram_socket" do
    knock = lambda do |connection|
      port, = Socket.unpack_sockaddr_in(connection.get_sockname)
      UDPSocket.open { |peer| peer.send("hello", 0, "127.0.0.1", port) }
    end
    make_beside { EventMachine.open_datagram_socket("127.0.0.1", 0, slow(:receive_data, doing: knock)) }
    expect(log).to eq([:made, [:receive_data, "hello"]])
  end

  it "is told of changes, by watch_file" do
    Tempfile.create("em-making") do |file|
      change = ->(_) { File.write(file.path, "changed") }
      watch = slow(:file_modified, of: EventMachine::FileWatch, doing: change)
      make_beside { EventMachine.watch_file(file.path, watch) }
      expect(log.first(2)).to eq([:made, [:file_modified]])
    end
  end

  it "is told of an exit, by watch_process" do
    pid = spawn("cat", in: (reader, writer = IO.pipe).first)
    watch = slow(:process_exited, of: EventMachine::ProcessWatch, doing: ->(_) { writer.close })
    make_beside { EventMachine.watch_process(pid, watch) }
    expect(log).to eq([:made, [:process_exited]])
  ensure
    [reader, writer].each(&:close)
    Process.wait(pid)
  end

  it "is served, by start_server and attach_server" do
    entries = log
    greeted = Module.new { define_method(:receive_data) { |data| (entries << data).size == 2 && EventMachine.stop } }
    make_beside do
      listener = TCPServer.new("127.0.0.1", 0)
      EventMachine.attach_server(listener, greeted)
      @peers = [serve(greeted), listener.addr[1]].map { |port| TCPSocket.new("127.0.0.1", port) }
      @peers.each { |peer| peer.write("hello") }
    end
    expect(log).to eq(%w[hello hello])
  end

  it "is told afterwards, whoever makes how many at once" do
    ends = Array.new(12) { UNIXSocket.pair }
    entries = log
    handler = slow(:receive_data)
    handler.define_method(:receive_data) do |data|
      entries << data
      EventMachine.stop if entries.count("hello") == 12
    end
    em do
      ends.each { |near, far| in_thread { far.write("hello") && EventMachine.attach(near, handler) } }
    end
    expect(log.tally).to eq(made: 12, "hello" => 12)
  end

  it "is told afterwards where it is post_init that takes its time" do
    entries = log
    wait = method(:await_turns)
    near, far = UNIXSocket.pair
    far.write("hello")
    handler = noting(entries, post_init: wait, receive_data: ->(_) { EventMachine.stop })
    handler.define_method(:post_init) { wait.call && entries << :made }
    make_beside { EventMachine.attach(near, handler) }
    expect(log).to eq([:made, "hello", [:unbind, nil]])
  end

  it "is told its end where initialize closes it" do
    near, far = UNIXSocket.pair
    make_beside { EventMachine.attach(near, slow(:unbind, doing: :close_connection.to_proc)) }
    expect(log).to eq([:made, [:unbind, nil]])
    expect(far.read).to eq("")
  end

  { "raises" => [-> { raise "no" }, "no"], "ends its thread" => [-> { Thread.exit }, :ended] }
    .each do |what, (act, outcome)|
    it "is closed where initialize #{what}, and the loop goes on" do
      listener = TCPServer.new("127.0.0.1", 0)
      wait = method(:await_turns)
      failing = Class.new(EventMachine::Connection) { define_method(:initialize) { |*| wait.call && act.call } }
      em do
        thread = in_thread { EventMachine.connect("127.0.0.1", listener.addr[1], failing) }
        in_thread do
          log << outcome_of(thread)
          await_turns
          done
        end
      end
      expect([log, listener.accept.read]).to eq([[outcome], ""])
    end
  end

  it "is unknown to the loop's other work: timers fire, and connections are served" do
    entries = log
    gate = Queue.new
    waiting = Class.new(EventMachine::Connection) { define_method(:initialize) { |*| gate.pop && entries << :made } }
    em do
      port = serve(noting([], receive_data: lambda do |data|
        entries << data
        EventMachine.add_timer(0.001) { (entries << :timer) && gate << true }
      end))
      maker = in_thread { EventMachine.attach(kept(UNIXSocket.pair).first, waiting) }
      in_thread { TCPSocket.open("127.0.0.1", port) { |peer| peer.write("hello") && maker.join && done } }
    end
    expect(log).to eq(["hello", :timer, :made])
  end
end
