# frozen_string_literal: true

# Between close_connection_after_writing and its end a connection goes on reading. A peer that is not read
# from cannot go on either, and what it has sent to a socket that is then closed makes the system reset it,
# which destroys what was still on its way to the peer.
RSpec.describe "A connection that closes after writing" do
  let(:log) { [] }
  # More than the system takes from the program by itself.
  let(:answer) { "x" * 10_000_000 }
  # What the server is told reaches the peer's thread by it.
  let(:told) { Queue.new }

  def drain(answer, told, log = [], prepare: -> {}, **doings)
    post_init = lambda do
      instance_exec(&prepare)
      send_data(answer)
      close_connection_after_writing
    end
    noting(log, post_init: post_init, receive_data: ->(data) { told << data }, **doings)
  end

  # Waits until the server was told all of that.
  def await(text)
    told_so_far = +""
    told_so_far << told.pop until told_so_far.end_with?(text)
    told_so_far
  end

  def tcp(handler)
    port = serve(handler)
    -> { connect_narrowly(port) }
  end

  def unix(handler)
    EventMachine.start_unix_domain_server(socket_path, handler)
    -> { UNIXSocket.new(socket_path) }
  end

  def attached(handler)
    near, far = UNIXSocket.pair
    EventMachine.attach(near, handler)
    -> { far }
  end

  def tls(handler)
    port = serve(handler)
    lambda do
      secure = OpenSSL::SSL::SSLSocket.new(connect_narrowly(port))
      secure.sync_close = true
      secure.connect
    end
  end

  start = -> { start_tls(TLSAuthority.localhost.options) }
  { "over TCP" => [:tcp, {}], "over a Unix socket" => [:unix, {}], "attached" => [:attached, {}],
    "under TLS" => [:tls, { prepare: start }] }.each do |how, (kind, preparation)|
    describe how do
      it "tells what its peer says meanwhile, and the peer gets the whole" do
        size = beside do
          connect = send(kind, drain(answer, told, **preparation))
          lambda do
            peer = connect.call
            first = peer.readpartial(1000)
            %w[one two three].each { |word| peer.write(word) && (log << await(word)) }
            first.bytesize + peer.read.bytesize
          end
        end
        expect([log, size]).to eq([%w[one two three], answer.bytesize])
      end

      it "lets its peer send all it has before that reads" do
        size = beside do
          connect = send(kind, drain(answer, told, **preparation))
          lambda do
            peer = connect.call
            peer.write("u" * 5_000_000)
            uploaded = 0
            uploaded += told.pop.bytesize until uploaded == 5_000_000
            peer.read.bytesize
          end
        end
        expect(size).to eq(answer.bytesize)
      end
    end
  end

  it "gives a peer the whole that speaks last, when all has left the program" do
    size = beside do
      connect = tcp(drain("x" * 150_000, []))
      lambda do
        peer = connect.call
        peer.wait_readable
        5.times { peer.write("word") }
        peer.read.bytesize
      end
    end
    expect(size).to eq(150_000)
  end

  it "gives a peer the whole that half-closes meanwhile" do
    size = beside do
      connect = tcp(drain(answer, told))
      lambda do
        peer = connect.call
        first = peer.readpartial(1000)
        peer.write("word")
        peer.close_write
        await("word")
        first.bytesize + peer.read.bytesize
      end
    end
    expect(size).to eq(answer.bytesize)
  end

  it "tells what its peer said before a reset, and the reset once" do
    ended = Queue.new
    beside do
      connect = tcp(drain(answer, told, log, unbind: ->(_) { ended << true }))
      lambda do
        peer = connect.call
        peer.readpartial(1000)
        peer.write("word")
        await("word")
        peer.setsockopt(Socket::Option.linger(true, 0))
        peer.close
        ended.pop
      end
    end
    expect(log).to eq([:post_init, "word", [:unbind, Errno::ECONNRESET]])
  end

  it "takes no more from its own side" do
    sent = []
    received = beside do
      connect = attached(noting([], post_init: -> { send_data("x" * 1_000_000) && close_connection_after_writing },
                                    receive_data: ->(_) { sent << send_data("more") }))
      lambda do
        peer = connect.call
        peer.write("word")
        peer.read
      end
    end
    expect([sent, received.bytesize]).to eq([[0], 1_000_000])
  end

  it "tells nothing while it is paused, and writes on" do
    received = beside do
      connect = tcp(drain(answer, told, prepare: -> { pause }))
      lambda do
        peer = connect.call
        peer.write("word")
        peer.read
      end
    end
    expect([told.size, received.bytesize]).to eq([0, answer.bytesize])
  end

  it "ends at once by close_connection" do
    em do
      near, @far = UNIXSocket.pair
      handler = noting(log, unbind: ->(_) { EventMachine.stop })
      EventMachine.attach(near, handler) do |connection|
        connection.send_data(answer)
        connection.close_connection_after_writing
        EventMachine.next_tick { connection.close_connection }
      end
    end
    expect(log).to eq([:post_init, [:unbind, nil]])
    expect(@far.read.bytesize).to be_between(1, answer.bytesize - 1)
  end

  it "reads on where it was connected from here" do
    listener = TCPServer.new("127.0.0.1", 0)
    %i[SNDBUF RCVBUF].each { |buffer| listener.setsockopt(:SOCKET, buffer, 4096) }
    came_back = 0
    size = beside do
      EventMachine.connect("127.0.0.1", listener.local_address.ip_port,
                           drain(answer, [], receive_data: ->(data) { came_back += data.bytesize }))
      # Each piece is answered before the next one is read.
      lambda do
        peer = listener.accept
        total = 0
        while (piece = peer.readpartial(50_000))
          total += piece.bytesize
          total < answer.bytesize ? peer.write(piece) : break
        end
        total
      end
    end
    # What comes once all is written may come too late.
    expect([size, came_back > 1_000_000]).to eq([answer.bytesize, true])
  end

  it "reads what a child process answers to all its input" do
    output = 0
    child = noting(log, post_init: -> { send_data("x" * 600_000) && close_connection_after_writing },
                        receive_data: ->(data) { output += data.bytesize },
                        unbind: ->(_) { EventMachine.stop })
    em { EventMachine.popen("cat", child) }
    expect([output, log.last]).to eq([600_000, [:unbind, nil]])
  end
end
