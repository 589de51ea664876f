# frozen_string_literal: true

# What unbind makes while the loop ends goes with the loop, and nobody is told.
RSpec.describe "The end of the loop" do
  let(:log) { [] }
  let(:listener) { TCPServer.new("127.0.0.1", 0) }
  let(:port) { listener.addr[1] }

  # Runs the reactor with an attached connection of these callbacks until that is told to stop.
  def end_with(**callbacks)
    near, @far = UNIXSocket.pair
    em do
      EventMachine.attach(near, Module.new { callbacks.each { |name, body| define_method(name, &body) } })
      after_turns { done }
    end
  end

  describe "has a connection of unbind be dropped" do
    it "that EventMachine.connect makes" do
      entries = log
      port = self.port
      again = noting(log, unbind: lambda do |_|
        EventMachine.connect("127.0.0.1", port, again) if entries.count { |entry| entry.is_a?(Array) } < 10
      end)
      em do
        EventMachine.connect("127.0.0.1", port, again)
        after_turns { done }
      end
      expect(log).to eq([:post_init, :connection_completed, [:unbind, nil], :post_init])
    end

    it "that reconnect makes" do
      entries = log
      port = self.port
      again = noting(log, unbind: lambda do |_|
        reconnect("127.0.0.1", port) if entries.count { |entry| entry.is_a?(Array) } < 10
      end)
      em do
        EventMachine.connect("127.0.0.1", port, again)
        after_turns { done }
      end
      expect(log).to eq([:post_init, :connection_completed, [:unbind, nil]])
    end

    it "that EventMachine.attach and EventMachine.popen make" do
      entries = log
      near, far = UNIXSocket.pair
      other = noting(log)
      end_with(unbind: lambda do |*|
        entries << :ended
        EventMachine.attach(near, other)
        EventMachine.popen("true", other)
      end)
      expect(log).to eq(%i[ended post_init post_init])
      expect(far.read).to eq("")
    end

    it "which leaves no descriptor open" do
      port = self.port
      ending = lambda do
        end_with(unbind: lambda do |*|
          EventMachine.connect("127.0.0.1", port)
          EventMachine.start_server("127.0.0.1", 0)
        end)
        @far.close
        listener.accept.close while listener.wait_readable(0)
      end
      expect(&ending).not_to leak_descriptors
    end
  end

  it "drops what unbind queues" do
    entries = log
    end_with(unbind: lambda do |*|
      entries << :unbind
      EventMachine.next_tick { entries << :tick }
      EventMachine.add_timer(0) { entries << :timer }
      EventMachine.stop
    end)
    em { after_turns { done } }
    expect(log).to eq([:unbind])
  end

  it "calls unbind in the order of making, after the hooks" do
    entries = log
    kinds = [->(handler) { EventMachine.attach(kept(UNIXSocket.pair).first, handler) },
             ->(handler) { EventMachine.connect("127.0.0.1", port, handler) },
             ->(handler) { EventMachine.watch(kept(IO.pipe).first, handler) },
             ->(handler) { EventMachine.open_datagram_socket("127.0.0.1", 0, handler) }]
    em do
      (kinds * 2).each_with_index do |make, number|
        make.call(Module.new { define_method(:unbind) { entries << number } })
      end
      EventMachine.add_shutdown_hook { entries << :hook }
      after_turns { done }
    end
    expect(log).to eq([:hook, 0, 1, 2, 3, 4, 5, 6, 7])
  end

  it "calls the other unbinds where one raises, and then raises that" do
    entries = log
    ending = lambda do
      em do
        3.times do |number|
          EventMachine.attach(kept(UNIXSocket.pair).first, Module.new do
            define_method(:unbind) { (entries << number) && number == 1 && raise("number 1") }
          end)
        end
        after_turns { done }
      end
    end
    expect(&ending).to raise_error("number 1")
    expect(log).to eq([0, 1, 2])
  end

  it "delivers what was sent, from each callback" do
    { timer: ->(act) { EventMachine.add_timer(0, &act) }, tick: ->(act) { EventMachine.next_tick(&act) },
      run: :call.to_proc }.each_value do |callback|
      near, far = UNIXSocket.pair
      em do
        connection = EventMachine.attach(near)
        callback.call(-> { connection.send_data("bye") && done })
      end
      expect(far.read).to eq("bye")
    end
  end

  it "delivers what receive_data sends before EventMachine.stop" do
    near, far = UNIXSocket.pair
    far.write("word")
    answering = Module.new { define_method(:receive_data) { |_| send_data("bye") && EventMachine.stop } }
    em { EventMachine.attach(near, answering) }
    expect(far.read).to eq("bye")
  end

  it "serves the backlog of a server" do
    peers = nil
    em do
      serve(noting([], post_init: -> { send_data("hi") })).then do |server|
        peers = Array.new(3) { TCPSocket.new("127.0.0.1", server) }
        done
      end
    end
    expect(peers.map { |peer| attempt { peer.read } }).to eq(["hi"] * 3)
  end
end
