# frozen_string_literal: true

# Where two connections are proxied to each other, the end of what one of them receives is passed on to the
# other as an end, and the way back stays open.
RSpec.describe "A half-close through proxies" do
  let(:log) { [] }

  # A server, each of whose connections is proxied both ways with what the block opens.
  def relay(prepare: -> {})
    open = ->(handler) { yield handler }
    serve(Module.new do
      define_method(:post_init) do
        instance_exec(&prepare)
        front = self
        open.call(Module.new do
          define_method(:post_init) do
            front.proxy_incoming_to(self)
            proxy_incoming_to(front)
          end
        end)
      end
    end)
  end

  def relay_to(port)
    relay { |handler| EventMachine.connect("127.0.0.1", port, handler) }
  end

  # A server outside the reactor, for one connection.
  def backend(&serve)
    listener = TCPServer.new("127.0.0.1", 0)
    thread = Thread.new { attempt { serve.call(listener.accept) } }
    [listener.addr[1], thread]
  end

  # One that reads the whole request before it answers.
  def answering_backend
    backend do |peer|
      request = peer.read
      peer.write("answer to #{request}")
      peer.close
    end.first
  end

  # What a client gets that sends all of its request and its end.
  def ask(port, request = "request")
    peer = TCPSocket.new("127.0.0.1", port)
    peer.write(request)
    peer.close_write
    peer.read
  end

  it "reaches the backend, whose answer comes back" do
    answer = beside do
      port = relay_to(answering_backend)
      -> { ask(port) }
    end
    expect(answer).to eq("answer to request")
  end

  it "goes through a chain of them" do
    answer = beside do
      port = relay_to(relay_to(relay_to(answering_backend)))
      -> { ask(port) }
    end
    expect(answer).to eq("answer to request")
  end

  it "reaches a backend behind a Unix socket" do
    answer = beside do
      listener = UNIXServer.new(socket_path)
      Thread.new { listener.accept.then { |peer| peer.write("answer to #{peer.read}") && peer.close } }
      port = relay { |handler| EventMachine.connect_unix_domain(socket_path, handler) }
      -> { ask(port) }
    end
    expect(answer).to eq("answer to request")
  end

  it "ends the input of a child process, whose output comes back" do
    answer = beside do
      port = relay { |handler| EventMachine.popen("sort", handler) }
      -> { ask(port, "b\na\n") }
    end
    expect(answer).to eq("a\nb\n")
  end

  it "follows much data, either way" do
    size = 9_000_000
    answer = beside do
      port, = backend { |peer| peer.write(peer.read.reverse) && peer.close }
      front = relay_to(port)
      -> { ask(front, "#{'x' * size}!") }
    end
    expect(answer == "!#{'x' * size}").to be(true)
  end

  it "of the backend leaves the client's way to it open" do
    received = beside do
      port, thread = backend do |peer|
        peer.write("answer")
        peer.close_write
        peer.read.bytesize
      end
      front = relay_to(port)
      lambda do
        peer = TCPSocket.new("127.0.0.1", front)
        log << peer.read
        peer.write("u" * 9_000_000)
        peer.close
        thread.value
      end
    end
    expect([log, received]).to eq([["answer"], 9_000_000])
  end

  it "is told by unbind on both sides once both have ended" do
    entries = log
    handler = noting(log, unbind: ->(_) { entries.size == 5 && EventMachine.stop })
    near, client = UNIXSocket.pair
    far, server = UNIXSocket.pair
    em do
      front = EventMachine.attach(near, handler)
      back = EventMachine.attach(far, handler)
      front.proxy_incoming_to(back)
      back.proxy_incoming_to(front)
      client.close_write
      after_turns do
        log << server.read
        server.close
      end
    end
    expect(log).to eq([:post_init, :post_init, "", [:unbind, nil], [:unbind, nil]])
  end

  it "comes back from a target that closes after writing, while the client talks" do
    answer = "x" * 10_000_000
    answering = noting([], receive_data: lambda do |_|
      send_data(answer) && close_connection_after_writing unless @answered
      @answered = true
    end)
    size = beside do
      port = relay_to(serve(answering))
      lambda do
        peer = TCPSocket.new("127.0.0.1", port)
        total = 0
        while total < answer.bytesize
          peer.write("word") if total < answer.bytesize / 2
          total += peer.readpartial(60_000).bytesize
        end
        total
      end
    end
    expect(size).to eq(answer.bytesize)
  end

  it "of one that is proxied one way only ends it" do
    near, client = UNIXSocket.pair
    far, server = UNIXSocket.pair
    em do
      target = EventMachine.attach(far)
      EventMachine.attach(near, noting(log, unbind: ->(_) { EventMachine.stop })) { |c| c.proxy_incoming_to(target) }
      client.write("request")
      client.close_write
    end
    expect([server.read, client.read, log]).to eq(["request", "", [:post_init, [:unbind, nil]]])
  end
end
