# frozen_string_literal: true

# Whoever was in the backlog when a server is stopped has been told that it is connected: it is served.
RSpec.describe "EventMachine.stop_server" do
  let(:log) { [] }
  let(:greeting) { noting(log, post_init: -> { send_data("hi") }) }

  def tcp_server(handler)
    signature = EventMachine.start_server("127.0.0.1", 0, handler)
    port = port_of(signature)
    [signature, -> { TCPSocket.new("127.0.0.1", port) }]
  end

  def unix_server(handler)
    [EventMachine.start_unix_domain_server(socket_path, handler), -> { UNIXSocket.new(socket_path) }]
  end

  # Reads what each is sent until the reactor's end, or why there is nothing.
  def answers(peers)
    peers.map { |peer| attempt { peer.read } }
  end

  %i[tcp_server unix_server].each do |kind|
    describe "of a #{kind.to_s.tr('_', ' ')}" do
      [1, 3, 30].each do |count|
        it "serves the #{count} that wait, from the reactor's block" do
          peers = nil
          em do
            signature, connect = send(kind, greeting)
            peers = Array.new(count) { connect.call }
            EventMachine.stop_server(signature)
            after_turns(10) { done }
          end
          expect(answers(peers)).to eq(["hi"] * count)
        end

        it "serves the #{count} that wait, from a timer" do
          peers = nil
          em do
            signature, connect = send(kind, greeting)
            EventMachine.add_timer(0) do
              peers = Array.new(count) { connect.call }
              EventMachine.stop_server(signature)
              after_turns(10) { done }
            end
          end
          expect(answers(peers)).to eq(["hi"] * count)
        end

        it "serves the #{count} that wait, from the first one's post_init" do
          peers = signature = nil
          entries = log
          stopping = noting(log, post_init: lambda do
            EventMachine.stop_server(signature) if entries.size == 1
            send_data("hi")
          end)
          em do
            signature, connect = send(kind, stopping)
            peers = Array.new(count) { connect.call }
            after_turns(10) { done }
          end
          expect(answers(peers)).to eq(["hi"] * count)
        end
      end

      it "serves those that wait, from a tick, a deferred result and another's receive_data" do
        stops = [
          ->(stop) { EventMachine.next_tick(&stop) },
          ->(stop) { EventMachine.defer(-> { 1 }, ->(_) { stop.call }) },
          lambda do |stop|
            near, far = UNIXSocket.pair
            far.write("word")
            EventMachine.attach(near, Module.new { define_method(:receive_data) { |_| stop.call } })
          end
        ]
        stops.each do |act|
          peers = nil
          em do
            signature, connect = send(kind, greeting)
            stop = lambda do
              peers = Array.new(3) { connect.call }
              EventMachine.stop_server(signature)
              after_turns(10) { done }
            end
            act.call(stop)
          end
          expect(answers(peers)).to eq(["hi"] * 3)
        end
      end

      it "tells what those that wait have sent" do
        em do
          signature, connect = send(kind, noting(log, unbind: ->(_) { EventMachine.stop }))
          connect.call.then { |peer| peer.write("data") && peer.close }
          EventMachine.stop_server(signature)
        end
        expect(log).to eq([:post_init, "data", [:unbind, nil]])
      end
    end
  end

  it "leaves nothing listening, once those are served" do
    refused = nil
    em do
      signature, connect = tcp_server(greeting)
      EventMachine.stop_server(signature)
      after_turns do
        refused = attempt(&connect)
        done
      end
    end
    expect([refused, log]).to eq([Errno::ECONNREFUSED, []])
  end

  it "lets another server listen at the same address from the next turn on" do
    served = nil
    em do
      port = serve(EventMachine::Connection) { nil }
      signature = state(:@acceptors).keys.first
      EventMachine.stop_server(signature)
      after_turns do
        EventMachine.start_server("127.0.0.1", port) { (served = true) && done }
        EventMachine.connect("127.0.0.1", port)
      end
    end
    expect(served).to be(true)
  end

  it "of a server that is stopped already does nothing" do
    em do
      signature, = tcp_server(greeting)
      expect(Array.new(2) { EventMachine.stop_server(signature) }).to eq([nil, nil])
      done
    end
  end

  it "names what is no server" do
    em do
      timer = EventMachine.add_timer(60) { nil }
      connection = EventMachine.attach(kept(UNIXSocket.pair).first)
      [timer, connection.signature, 987_654].each do |signature|
        expect { EventMachine.stop_server(signature) }.to raise_error(RuntimeError, /server|#{signature}/)
      end
      done
    end
  end
end
