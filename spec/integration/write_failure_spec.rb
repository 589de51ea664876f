# frozen_string_literal: true

# A peer that answers and closes, with much unread that was sent to it, makes the next write fail. Its answer
# lies in the socket by then, and is told before unbind.
RSpec.describe "What had arrived when a connection fails" do
  let(:log) { [] }
  # More than the system takes from the program.
  let(:data) { "x" * 10_000_000 }

  # A handler that stops the reactor in the end.
  def recorder(**doings)
    noting(log, unbind: ->(_) { EventMachine.stop }, **doings)
  end

  # Lets the peer do all of that while the loop stands still, so that it finds the end and what came before
  # it in one turn.
  def meanwhile
    after_turns { yield }
  end

  it "is told of a Unix peer that closes" do
    near, far = UNIXSocket.pair
    em do
      EventMachine.attach(near, recorder).send_data(data)
      meanwhile { far.write("sorry") && far.close }
    end
    expect(log).to match([:post_init, "sorry", [:unbind, anything]])
  end

  it "is told to a server whose client closes" do
    em do
      peer = TCPSocket.new("127.0.0.1", serve(recorder(post_init: -> { send_data("x" * 10_000_000) })))
      meanwhile { peer.write("sorry") && peer.close }
    end
    expect(log).to match([:post_init, "sorry", [:unbind, Errno::ECONNRESET]])
  end

  it "is told to a client whose server closes" do
    listener = TCPServer.new("127.0.0.1", 0)
    em do
      EventMachine.connect("127.0.0.1", listener.addr[1], recorder).send_data(data)
      peer = listener.accept
      meanwhile { peer.write("sorry") && peer.close }
    end
    expect(log).to match([:post_init, :connection_completed, "sorry", [:unbind, Errno::ECONNRESET]])
  end

  it "is told to one that closes after writing" do
    near, far = UNIXSocket.pair
    em do
      EventMachine.attach(near, recorder) do |connection|
        connection.send_data(data)
        connection.close_connection_after_writing
      end
      meanwhile { far.write("sorry") && far.close }
    end
    expect(log).to match([:post_init, "sorry", [:unbind, anything]])
  end

  it "is told where it is a word and a reset" do
    em do
      peer = TCPSocket.new("127.0.0.1", serve(recorder))
      meanwhile do
        peer.write("sorry")
        peer.setsockopt(Socket::Option.linger(true, 0))
        peer.close
      end
    end
    expect(log).to eq([:post_init, "sorry", [:unbind, Errno::ECONNRESET]])
  end

  it "is told to the last byte" do
    near, far = UNIXSocket.pair
    sent = received = 0
    counting = noting(log, receive_data: ->(piece) { received += piece.bytesize },
                           unbind: ->(_) { EventMachine.stop })
    em do
      EventMachine.attach(near, counting).send_data(data)
      meanwhile do
        while (count = far.write_nonblock("y" * 10_000, exception: false)).is_a?(Integer)
          sent += count
        end
        far.close
      end
    end
    expect(sent).to be > 100_000
    expect(received).to eq(sent)
  end

  it "is told of a child process that does not read its input" do
    child = recorder(post_init: -> { send_data("x" * 2_000_000) })
    em { EventMachine.popen(["sh", "-c", "echo sorry"], child) }
    expect(log).to eq([:post_init, "sorry\n", [:unbind, nil]])
  end

  it "is passed on by a proxy" do
    near, far = UNIXSocket.pair
    reader, writer = IO.pipe
    passed_on = beside do
      target = EventMachine.attach(writer)
      EventMachine.attach(near) do |source|
        source.proxy_incoming_to(target)
        source.send_data(data)
      end
      meanwhile { far.write("sorry") && far.close }
      -> { reader.read(5) }
    end
    expect(passed_on).to eq("sorry")
  end

  it "is told under TLS" do
    go = Queue.new
    gone = Queue.new
    secured = lambda do
      send_data("x" * 10_000_000)
      # The loop stands still until the peer has gone.
      EventMachine.next_tick { (go << true) && gone.pop }
    end
    server = recorder(post_init: -> { start_tls(TLSAuthority.localhost.options) })
    server.define_method(:ssl_handshake_completed, &secured)
    thread = nil
    em do
      port = serve(server)
      thread = Thread.new do
        secure = OpenSSL::SSL::SSLSocket.new(TCPSocket.new("127.0.0.1", port)).connect
        go.pop
        secure.write("sorry")
        secure.to_io.close
        gone << true
      end
    end
    thread.join
    expect(log).to match([:post_init, "sorry", [:unbind, anything]])
  end

  it "is told before a connection ends that seemed idle while the loop stood still" do
    near, far = UNIXSocket.pair
    em do
      connection = EventMachine.attach(near, recorder)
      connection.comm_inactivity_timeout = 0.05
      EventMachine.next_tick do
        far.write("word")
        IO.select(nil, nil, nil, 0.06)
      end
    end
    expect(log).to eq([:post_init, "word", [:unbind, Errno::ETIMEDOUT]])
  end

  it "is told before what is sent to a peer that has closed fails" do
    listener = TCPServer.new("127.0.0.1", 0)
    answering = ->(_) { send_data("once more") }
    em do
      EventMachine.connect("127.0.0.1", listener.addr[1], recorder(receive_data: answering))
      peer = listener.accept
      meanwhile { peer.write("answer") && peer.close }
    end
    expect(log).to match([:post_init, :connection_completed, "answer", [:unbind, nil]])
  end
end
