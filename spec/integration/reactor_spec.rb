# frozen_string_literal: true

RSpec.describe "The reactor" do
  let(:log) { [] }

  describe "EventMachine.run" do
    it "calls the block in the calling thread, and returns when it is stopped" do
      result = em do
        log << [EventMachine.reactor_running?, EventMachine.reactor_thread?, EventMachine.reactor_thread]
        done
      end
      expect(log).to eq([[true, true, Thread.current]])
      expect(result).to be_nil
      expect(EventMachine.reactor_running?).to be(false)
      expect(EventMachine.reactor_thread?).to be(false)
      expect(EventMachine.reactor_thread).to be_nil
    end

    it "takes something to call, and something to call in the end" do
      EventMachine.run(-> { log << :start && EventMachine.stop }, -> { log << :tail })
      expect(log).to eq(%i[start tail])
    end

    it "needs no block" do
      EventMachine.next_tick { done }
      expect(EventMachine.run).to be_nil
    end

    it "goes round any number of times" do
      5.times { |turn| em { EventMachine.next_tick { (log << turn) && done } } }
      expect(log).to eq([0, 1, 2, 3, 4])
    end

    it "runs in any thread" do
      thread = Thread.new { em { (log << EventMachine.reactor_thread) && done } }
      thread.join
      expect(log).to eq([thread])
    end

    it "tells that it is stopping" do
      em do
        log << EventMachine.stopping?
        done
        log << EventMachine.stopping?
      end
      expect(log).to eq([false, true])
    end

    it "tells the time of the turn" do
      em { (log << EventMachine.current_time) && done }
      expect(log.first).to be_within(5).of(Time.now)
    end

    it "gives no signature that a run before it gave" do
      timers = []
      descriptors = []
      3.times do
        em do
          timers << EventMachine.add_timer(60) { nil }
          descriptors << EventMachine.start_server("127.0.0.1", 0)
          descriptors << EventMachine.connect("127.0.0.1", free_port).signature
          done
        end
      end
      expect(timers.uniq.size).to eq(3)
      expect(descriptors.uniq.size).to eq(6)
    end

    it "leaves no descriptor open" do
      em { done }
      expect { 3.times { em { EventMachine.add_timer(0.01) { done } } } }.not_to leak_descriptors
    end
  end

  describe "EventMachine.run in a running reactor" do
    it "calls the block at once and returns what it does" do
      em do
        log << EventMachine.run { :inner }
        log << :outer
        done
      end
      expect(log).to eq(%i[inner outer])
    end

    it "keeps the tails until the reactor stops, the outermost first" do
      EventMachine.run(
        lambda do
          EventMachine.run(-> { log << :inner }, -> { log << :inner_tail })
          EventMachine.run(nil, -> { log << :bare_tail })
          EventMachine.stop
        end,
        -> { log << :outer_tail }
      )
      expect(log).to eq(%i[inner outer_tail inner_tail bare_tail])
    end

    it "serves another thread than the reactor's likewise" do
      em do
        Thread.new { EventMachine.run { log << EventMachine.reactor_thread? } && done }
      end
      expect(log).to eq([false])
    end
  end

  describe "EventMachine.run_block" do
    it "runs for the time of the block" do
      EventMachine.run_block { log << EventMachine.reactor_running? }
      expect(log).to eq([true])
      expect(EventMachine.reactor_running?).to be(false)
    end

    it "needs a block" do
      expect { EventMachine.run_block }.to raise_error(ArgumentError, "no block given")
    end
  end

  describe "the end" do
    let(:handler) do
      entries = log
      Module.new { define_method(:unbind) { entries << :unbind } }
    end

    it "calls hooks in reverse order, then unbinds, and is still running until then" do
      em do
        EventMachine.start_server("127.0.0.1", port = free_port)
        EventMachine.connect("127.0.0.1", port, handler)
        EventMachine.add_shutdown_hook { log << :second }
        EventMachine.add_shutdown_hook { log << [:first, EventMachine.reactor_running?] }
        done
      end
      expect(log).to eq([[:first, true], :second, :unbind])
    end

    it "calls hooks set before the start, once" do
      EventMachine.add_shutdown_hook { log << :hook }
      2.times { em { done } }
      expect(log).to eq([:hook])
    end

    it "needs a block for a hook" do
      expect { EventMachine.add_shutdown_hook }.to raise_error(ArgumentError)
    end

    it "drops what is queued for the next tick, and timers" do
      em do
        EventMachine.add_timer(0.001) { log << :timer }
        EventMachine.next_tick do
          done
          EventMachine.next_tick { log << :tick }
        end
      end
      em { EventMachine.add_timer(0.02) { done } }
      expect(log).to be_empty
    end

    it "runs again in a process that has closed all descriptors meanwhile" do
      output, status = run_ruby(<<~RUBY)
        queues = -> { Dir["/proc/self/fd/*"].select { |fd| File.readlink(fd) =~ /eventpoll|eventfd/ rescue false } }
        before = queues.call
        EventMachine.run { EventMachine.stop }
        (queues.call - before).each { |fd| IO.for_fd(Integer(File.basename(fd))).close }
        files = Array.new(5) { File.open("/dev/null") }
        EventMachine.run { EventMachine.defer(-> { 1 }, ->(_) { EventMachine.stop }) }
        files.each(&:close)
        puts "ok"
      RUBY
      expect([output, status.to_s]).to match([/\Aok\n\z/, /exit 0/])
    end

    it "keeps nothing alive" do
      em do
        EventMachine.start_server("127.0.0.1", port = free_port)
        EventMachine.connect("127.0.0.1", port)
        EventMachine.add_timer(60) { nil }
        done
      end
      expect([state(:@conns), state(:@acceptors), state(:@timers), state(:@tails)]).to all(be_empty)
    end

    it "raises what was put into @wrapped_exception" do
      kept = RuntimeError.new("kept")
      expect { em { EventMachine.instance_variable_set(:@wrapped_exception, kept) && done } }
        .to raise_error(kept)
      expect(EventMachine.reactor_running?).to be(false)
    end
  end

  describe "what applications reach into" do
    it "has @reactor_running say so" do
      em { (log << state(:@reactor_running)) && done }
      expect(log << state(:@reactor_running)).to eq([true, false])
    end

    it "has @conns know each connection by its signature" do
      em do
        connection = EventMachine.connect("127.0.0.1", free_port)
        log << state(:@conns).fetch(connection.signature).equal?(connection)
        done
      end
      expect(log).to eq([true])
    end

    it "has @acceptors know each server, its handler, arguments and block" do
      block = proc {}
      handler = Class.new(EventMachine::Connection)
      signature = nil
      em do
        signature = EventMachine.start_server("127.0.0.1", 0, handler, 1, 2, &block)
        log.concat(state(:@acceptors).to_a)
        done
      end
      expect(log).to eq([[signature, [handler, [1, 2], block]]])
    end

    it "has @timers know each timer" do
      callback = proc {}
      signature = nil
      em do
        signature = EventMachine.add_timer(60, callback)
        log << state(:@timers)[signature]
        EventMachine.cancel_timer(signature)
        log << state(:@timers).key?(signature)
        done
      end
      expect(log).to eq([callback, false])
    end

    it "dispatches to an object that was put into @conns" do
      reader, writer = IO.pipe
      object = Object.new
      entries = log
      object.define_singleton_method(:receive_data) { |data| (entries << data) && EventMachine.stop }
      object.define_singleton_method(:unbind) { entries << :unbind }
      em do
        signature = EventMachine.attach_fd(reader.fileno, false)
        state(:@conns)[signature] = object
        writer << "data"
      end
      expect(log).to eq(["data", :unbind])
    ensure
      reader.autoclose = false
      writer.close
    end
  end

  describe "settings" do
    it "tells how many descriptors it looks after" do
      em do
        log << EventMachine.connection_count
        EventMachine.start_server("127.0.0.1", 0)
        EventMachine.next_tick { (log << EventMachine.connection_count) && done }
      end
      expect(log).to eq([0, 1])
    end

    it "keeps the heartbeat interval" do
      em do
        log << EventMachine.heartbeat_interval
        EventMachine.heartbeat_interval = "0.5"
        log << EventMachine.heartbeat_interval << EventMachine.set_heartbeat_interval(0.0)
        log << EventMachine.heartbeat_interval
        done
      end
      expect(log).to eq([2.0, 0.5, false, 0.5])
    end

    it "ends idle connections on time, whatever the heartbeat interval" do
      entries = log
      clock = -> { Process.clock_gettime(Process::CLOCK_MONOTONIC) }
      ended = Module.new { define_method(:unbind) { (entries << clock.call) && EventMachine.stop } }
      em do
        EventMachine.heartbeat_interval = 1000
        EventMachine.start_server("127.0.0.1", port = free_port)
        client = EventMachine.connect("127.0.0.1", port, ended)
        EventMachine.add_timer(0.01) do
          log << clock.call
          client.comm_inactivity_timeout = 0.05
        end
      end
      expect(log.last - log.first).to be_between(0.03, 1)
    end

    it "gives nothing for a count, and takes what is too small for the least" do
      least = { set_max_timers: [:get_max_timers, 100], set_simultaneous_accept_count:
                [:get_simultaneous_accept_count, 1] }
      least.each do |set, (get, expected)|
        before = EventMachine.public_send(get)
        [0, -5, expected].each do |count|
          expect(EventMachine.public_send(set, count)).to be_nil
          expect(EventMachine.public_send(get)).to eq(expected)
        end
      ensure
        EventMachine.public_send(set, before)
      end
    end

    it "has a quantum set while it runs, and not before" do
      expect { EventMachine.set_quantum(90) }.to raise_error(RuntimeError, /not initialized: set_timer_quantum/)
      em do
        log << EventMachine.set_quantum("90")
        expect { EventMachine.set_quantum(0) }.to raise_error(ArgumentError, /not 0/)
        done
      end
      expect(log).to eq([nil])
    end

    it "takes a quantum, which does not make timers late" do
      em do
        EventMachine.set_quantum(2_500)
        started = Process.clock_gettime(Process::CLOCK_MONOTONIC)
        EventMachine.add_timer(0.01) do
          log << (Process.clock_gettime(Process::CLOCK_MONOTONIC) - started)
          done
        end
      end
      expect(log.first).to be_between(0.01, 0.2)
    end

    it "tells and sets the limit of descriptors" do
      limit = Process.getrlimit(:NOFILE)
      expect(EventMachine.set_descriptor_table_size).to eq(limit.first)
      expect(EventMachine.set_rlimit_nofile(nil)).to eq(limit.first)
      expect(EventMachine.set_descriptor_table_size(limit.first - 1)).to eq(limit.first - 1)
      expect(Process.getrlimit(:NOFILE).first).to eq(limit.first - 1)
    ensure
      Process.setrlimit(:NOFILE, *limit)
    end

    it "has epoll and kqueue asked for without harm" do
      expect { [EventMachine.epoll, EventMachine.kqueue] }.not_to raise_error
      expect { [EventMachine.epoll = true, EventMachine.kqueue = false] }.not_to raise_error
      expect { EventMachine.kqueue = 1 }.not_to raise_error
      expect([EventMachine.epoll, EventMachine.kqueue]).to eq([true, EventMachine.kqueue?])
      expect([EventMachine.epoll?, EventMachine.kqueue?]).to all(be(true).or(be(false)))
      em { (log << :ran) && done }
      expect(log).to eq([:ran])
    end
  end
end
