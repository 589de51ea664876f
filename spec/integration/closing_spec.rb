# frozen_string_literal: true

# close_connection drops what the system does not take at once. What it takes is delivered, from whichever
# callback.
RSpec.describe "What is sent before close_connection" do
  let(:log) { [] }

  # Sends a word by a connection and closes it.
  def self.farewell(connection)
    connection.send_data("bye")
    connection.close_connection
  end

  # Attaches one end of a pair and lets the block have it closed. What the other end receives is returned.
  def received_by_peer
    near, far = UNIXSocket.pair
    ended = noting([], unbind: ->(_) { EventMachine.stop })
    em { yield EventMachine.attach(near, ended) }
    far.read
  end

  # A connection to which something has been sent.
  def spoken_to(handler)
    near, far = UNIXSocket.pair
    far.write("word")
    EventMachine.attach(near, handler) { |connection| connection.instance_variable_set(:@far, far) }
  end

  bye = method(:farewell)
  {
    "the reactor's block" => ->(c) { bye[c] },
    "a timer" => ->(c) { EventMachine.add_timer(0) { bye[c] } },
    "a periodic timer" => ->(c) { EventMachine.add_periodic_timer(0.001) { bye[c] } },
    "a tick" => ->(c) { EventMachine.add_timer(0) { EventMachine.next_tick { bye[c] } } },
    "a deferred result" => ->(c) { EventMachine.defer(-> { 1 }, ->(_) { bye[c] }) },
    "a block that another thread schedules" => ->(c) { Thread.new { EventMachine.schedule { bye[c] } } },
    "another thread" => ->(c) { Thread.new { bye[c] } },
    "another's post_init" => ->(c) { after_turns { spoken_to(Module.new { define_method(:post_init) { bye[c] } }) } },
    "another's receive_data" => ->(c) { spoken_to(Module.new { define_method(:receive_data) { |_| bye[c] } }) },
    "another's unbind" => ->(c) { spoken_to(Module.new { define_method(:unbind) { bye[c] } }).close_connection },
    "notify_readable" => lambda do |c|
      near, far = UNIXSocket.pair
      far.write("word")
      notified = Module.new { define_method(:notify_readable) { bye[c] || detach } }
      EventMachine.watch(near, notified) { |watch| watch.notify_readable = true }
    end
  }.each do |callback, act|
    it "arrives from #{callback}" do
      expect(received_by_peer { |connection| instance_exec(connection, &act) }).to eq("bye")
    end
  end

  { "post_init" => { post_init: -> { bye[self] } }, "receive_data" => { receive_data: ->(_) { bye[self] } },
    "a tick of its post_init" => { post_init: -> { EventMachine.next_tick { bye[self] } } } }.each do |name, doing|
    it "arrives from #{name} of a server's connection" do
      received = beside do
        port = serve(noting([], **doing))
        lambda do
          peer = TCPSocket.new("127.0.0.1", port)
          # A word that comes after the end is answered by a reset.
          peer.write("word") if doing.key?(:receive_data)
          peer.read
        end
      end
      expect(received).to eq("bye")
    end
  end

  { "post_init" => :post_init, "connection_completed" => :connection_completed,
    "receive_data" => :receive_data }.each do |name, event|
    it "arrives from #{name} of a client" do
      listener = TCPServer.new("127.0.0.1", 0)
      received = beside do
        EventMachine.connect("127.0.0.1", listener.addr[1], noting([], event => ->(*) { bye[self] }))
        lambda do
          peer = listener.accept
          peer.write("word") if event == :receive_data
          peer.read
        end
      end
      expect(received).to eq("bye")
    end
  end

  it "arrives by datagrams, from timers and ticks" do
    peer = UDPSocket.new.tap { |socket| socket.bind("127.0.0.1", 0) }
    send_last = lambda do |word|
      socket = EventMachine.open_datagram_socket("127.0.0.1", 0)
      socket.send_datagram(word, "127.0.0.1", peer.addr[1])
      socket.close_connection
    end
    em do
      EventMachine.add_timer(0) { send_last.call("timer") }
      EventMachine.next_tick { send_last.call("tick") }
      after_turns { done }
    end
    expect(Array.new(2) { peer.recv_nonblock(10) }).to contain_exactly("timer", "tick")
  end

  it "arrives in a child process" do
    Dir.mktmpdir do |directory|
      file = File.join(directory, "input")
      em do
        command = ["sh", "-c", "exec cat > #{file}"]
        EventMachine.popen(command, noting([], post_init: -> { bye[self] }, unbind: ->(_) { EventMachine.stop }))
      end
      expect(File.read(file, encoding: "UTF-8")).to eq("bye")
    end
  end

  it "arrives under TLS" do
    received = beside do
      port = serve(noting([], post_init: -> { start_tls(TLSAuthority.localhost.options) },
                              receive_data: ->(_) { bye[self] }))
      lambda do
        secure = OpenSSL::SSL::SSLSocket.new(TCPSocket.new("127.0.0.1", port)).connect
        secure.write("word")
        secure.readpartial(10)
      end
    end
    expect(received).to eq("bye")
  end

  it "arrives as far as the system takes it, and the rest is dropped" do
    whole = received_by_peer { |c| EventMachine.add_timer(0) { c.send_data("x" * 50_000) && c.close_connection } }
    part = received_by_peer { |c| EventMachine.add_timer(0) { c.send_data("x" * 5_000_000) && c.close_connection } }
    expect(whole.bytesize).to eq(50_000)
    expect(part.bytesize).to be_between(50_000, 4_999_999)
  end

  it "is not sent while a connection is paused" do
    received = received_by_peer do |c|
      c.pause
      bye[c]
    end
    expect(received).to eq("")
  end

  it "arrives before an end, not a reset, although the peer's own words were not read" do
    peer = nil
    em do
      accepted = nil
      handler = noting([], post_init: -> { pause }, unbind: ->(_) { EventMachine.stop })
      peer = TCPSocket.new("127.0.0.1", serve(handler) { |connection| accepted = connection })
      peer.write("unread")
      after_turns { accepted.resume && bye[accepted] }
    end
    expect(peer.read).to eq("bye")
  end

  it "arrives before the reactor's end" do
    near, far = UNIXSocket.pair
    em { EventMachine.attach(near).send_data("bye") && done }
    expect(far.read).to eq("bye")
  end
end
