# frozen_string_literal: true

# docs/design.md tells the order of a turn: timers, what descriptors tell, results of deferred work, ticks,
# ends. What one of these makes ready comes in its place, in this turn or the next.
RSpec.describe "A turn" do
  let(:log) { [] }

  # A handler that notes one kind of event under a name.
  def noting_only(event, name)
    entries = log
    Module.new { define_method(event) { |*| entries << name } }
  end

  def attached(event, name)
    near, far = UNIXSocket.pair
    (@peers ||= []) << far
    [EventMachine.attach(near, noting_only(event, name)), far]
  end

  def note(name)
    entries = log
    -> { entries << name }
  end

  # Calls the block in a timer, so that what it makes ready comes in one turn.
  def in_a_timer
    em do
      act = yield
      after_turns do
        EventMachine.add_timer(0) do
          act.call
          EventMachine.add_timer(0) { after_turns { done } }
        end
      end
    end
    log
  end

  it "tells what descriptors have, then results, ticks and ends, and timers in the next one" do
    listener = TCPServer.new("127.0.0.1", 0)
    in_a_timer do
      port = serve(noting_only(:post_init, :accepted))
      _, speaker = attached(:receive_data, :data)
      lambda do
        EventMachine.add_timer(0, &note(:timer))
        EventMachine.next_tick(&note(:tick))
        EventMachine.defer(-> { 1 }, ->(_) { note(:result).call })
        Thread.pass until state(:@resultqueue).size == 1
        speaker.write("word")
        @client = TCPSocket.new("127.0.0.1", port)
        EventMachine.connect("127.0.0.1", listener.addr[1], noting_only(:connection_completed, :connected))
        attached(:unbind, :closed).first.close_connection
      end
    end
    # What descriptors tell comes as the system tells it.
    expect(log.first(3)).to contain_exactly(:data, :accepted, :connected)
    expect(log.drop(3)).to eq(%i[result tick closed timer])
  end

  it "runs fibers that events wake before ticks, save those that let the loop have its turn" do
    queue = Thread::Queue.new
    entries = log
    in_a_timer do
      handler = Module.new { define_method(:receive_data) { |data| queue << data } }
      near, far = UNIXSocket.pair
      (@peers ||= []) << far
      EventMachine.attach(near, handler)
      EventMachine.fiber do
        entries << queue.pop
        sleep(0)
        entries << :later
      end
      lambda do
        EventMachine.next_tick(&note(:tick))
        far.write("word")
      end
    end
    expect(log).to eq(["word", :tick, :later])
  end

  it "runs them amid the events, and writes what they send" do
    peers = Array.new(40) { UNIXSocket.pair }
    in_a_timer do
      streams = peers.map { |near, _| EventMachine.attach(near, EventMachine::Stream) }
      entries = log
      streams.each_with_index do |stream, number|
        EventMachine.fiber { stream.write(stream.readpartial(5)) && entries << number }
      end
      EventMachine.attach(UNIXSocket.pair.tap { |_, far| (@peers ||= []) << far << far.write("x") }.first,
                          noting_only(:receive_data, :callback))
      -> { peers.each { |_, far| far.write("hello") } }
    end
    expect(log).to contain_exactly(:callback, *0..39)
    expect(peers.map { |_, far| far.read_nonblock(5) }).to all(eq("hello"))
  end

  it "tells ends in the order of making, whatever their causes" do
    in_a_timer do
      connections = Array.new(5) { |number| attached(:unbind, number) }
      lambda do
        connections[4].first.close_connection
        connections[2].first.then { |c| c.send_data("word") && c.close_connection_after_writing }
        connections[1].first.detach
        connections[3].last.close
        connections[0].first.close_connection
      end
    end
    expect(log).to eq([0, 1, 2, 3, 4])
  end

  it "tells what came before a close that a timer makes" do
    events = []
    in_a_timer do
      near, far = UNIXSocket.pair
      connection = EventMachine.attach(near, noting(events))
      lambda do
        connection.send_data("x" * 10)
        far.write("word")
        connection.close_connection_after_writing
      end
    end
    expect(events).to eq([:post_init, "word", [:unbind, nil]])
  end

  it "tells data and the end behind them in turns of their own" do
    turn = -> { log << :turn && EventMachine.add_timer(0, &turn) }
    in_a_timer do
      near, far = UNIXSocket.pair
      EventMachine.attach(near, noting(log))
      -> { turn.call && far.write("word") && far.close }
    end
    told = log.reject { |event| event == :turn }
    expect(told).to eq([:post_init, "word", [:unbind, nil]])
    expect(log.each_cons(2)).not_to include(["word", [:unbind, nil]])
  end

  it "accepts first, and tells what those have sent in the next one" do
    turn = -> { log << :turn && EventMachine.add_timer(0, &turn) }
    in_a_timer do
      port = serve(noting(log))
      lambda do
        turn.call
        @clients = Array.new(3) { TCPSocket.new("127.0.0.1", port).tap { |client| client.write("word") } }
      end
    end
    events = log.chunk_while { |a, b| a != :turn && b != :turn }.reject { |chunk| chunk == [:turn] }
    expect(events.first(2)).to eq([[:post_init] * 3, ["word"] * 3])
  end

  it "calls no tick or timer that it has made itself" do
    in_a_timer do
      lambda do
        EventMachine.add_timer(0, &note(:timer_of_timer))
        EventMachine.next_tick do
          log << :tick
          EventMachine.next_tick(&note(:tick_of_tick))
          EventMachine.add_timer(0, &note(:timer_of_tick))
        end
      end
    end
    expect(log).to eq(%i[tick timer_of_timer timer_of_tick tick_of_tick])
  end

  it "calls all due timers and all ticks, in the order of their making" do
    in_a_timer do
      lambda do
        200.times { |number| EventMachine.add_timer(0) { log << number } }
        200.times { |number| EventMachine.next_tick { log << -number } }
      end
    end
    expect(log).to eq(Array.new(200) { |number| -number } + Array.new(200) { |number| number })
  end

  describe "that EventMachine.stop is called in" do
    it "is told to its end, and is the last" do
      in_a_timer do
        _, speaker = attached(:receive_data, :data)
        lambda do
          speaker.write("word")
          EventMachine.next_tick do
            log << :tick
            EventMachine.next_tick(&note(:tick_of_tick))
          end
          EventMachine.add_timer(0, &note(:timer))
          EventMachine.stop
        end
      end
      expect(log).to eq(%i[data tick])
    end

    it "calls the ticks that were queued, not those that these queue" do
      em do
        EventMachine.next_tick do
          log << 1
          EventMachine.stop
          EventMachine.next_tick(&note(:late))
        end
        EventMachine.next_tick(&note(2))
        EventMachine.next_tick(&note(3))
      end
      expect(log).to eq([1, 2, 3])
    end
  end

  it "comes once after EventMachine.stop in the reactor's block" do
    em do
      EventMachine.next_tick(&note(:tick))
      EventMachine.add_timer(0, &note(:timer))
      done
    end
    expect(log).to eq([:tick])
  end
end
