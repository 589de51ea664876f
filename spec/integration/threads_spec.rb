# frozen_string_literal: true

RSpec.describe "Threads" do
  let(:log) { [] }

  describe "EventMachine.next_tick" do
    it "wakes a sleeping reactor from another thread" do
      em do
        Thread.new { EventMachine.next_tick { (log << EventMachine.reactor_thread?) && done } }
      end
      expect(log).to eq([true])
    end

    it "loses nothing of what several threads queue" do
      em do
        threads = Array.new(4) do |thread|
          Thread.new { 250.times { |n| EventMachine.next_tick { log << [thread, n] } } }
        end
        Thread.new { threads.each(&:join) && EventMachine.next_tick { done } }
      end
      by_thread = log.group_by(&:first).transform_values { |entries| entries.map(&:last) }
      expect(by_thread).to eq((0..3).to_h { |thread| [thread, (0...250).to_a] })
    end

    it "may be called by another thread while the loop ends" do
      allow(EventMachine).to receive(:release_machine).and_wrap_original do |release|
        release.call
        Thread.new { EventMachine.next_tick { log << :never } }.join
      end
      expect { em { done } }.not_to raise_error
      expect(log).to be_empty
    end

    it "lets timers and descriptors have their turn" do
      again = lambda do
        log << :tick
        EventMachine.next_tick(&again)
      end
      em do
        EventMachine.next_tick(&again)
        EventMachine.add_timer(0.02) { done }
      end
      expect(log.size).to be > 1
    end
  end

  describe "a signal handler" do
    {
      "next_tick" => -> { EventMachine.next_tick { finish } },
      "schedule" => -> { EventMachine.schedule { finish } },
      "add_timer" => -> { EventMachine.add_timer(0.01) { finish } },
      "stop" => -> { finish }
    }.each do |name, action|
      it "may call EventMachine.#{name}" do
        finished = false
        define_singleton_method(:finish) do
          finished = true
          EventMachine.stop
        end
        example = self
        previous = trap(:USR2) { example.instance_exec(&action) }
        em { Thread.new { Process.kill(:USR2, Process.pid) } }
        expect(finished).to be(true)
      ensure
        trap(:USR2, previous || "DEFAULT")
      end
    end
  end

  describe "EventMachine.schedule" do
    it "calls at once in the reactor's thread" do
      em do
        log << EventMachine.schedule { :result }
        log << EventMachine.schedule(-> { :argument })
        log << EventMachine.schedule([1, 2], :size)
        done
      end
      expect(log).to eq([:result, :argument, 2])
    end

    it "calls on the next turn from other threads" do
      em do
        thread = Thread.new { EventMachine.schedule { (log << EventMachine.reactor_thread?) && done } }
        log << thread.value
      end
      expect(log).to eq([nil, true])
    end
  end

  it "may use connections while the reactor sleeps" do
    entries = log
    echo = Module.new { define_method(:receive_data) { |data| send_data(data) } }
    client = Module.new do
      define_method(:receive_data) { |data| (entries << data) && EventMachine.stop }
      define_method(:connection_completed) { Thread.new { send_data("from afar") } }
    end
    em do
      EventMachine.start_server("127.0.0.1", port = free_port, echo)
      EventMachine.connect("127.0.0.1", port, client)
    end
    expect(log).to eq(["from afar"])
  end

  describe "EventMachine.defer" do
    it "runs in another thread, and calls back in the reactor's" do
      em do
        operation = -> { [Thread.current, EventMachine.reactor_thread?] }
        EventMachine.defer(operation, ->(result) { (log << result << EventMachine.reactor_thread?) && done })
      end
      expect(log).to match([[be_a(Thread), false], true])
      expect(log.dig(0, 0)).not_to equal(Thread.current)
    end

    it "prefers its argument to the block" do
      em { EventMachine.defer(-> { :argument }, ->(result) { (log << result) && done }) { :block } }
      expect(log).to eq([:argument])
    end

    it "gives the exception to the errback" do
      em do
        operation = -> { raise Exception, "x" }
        EventMachine.defer(operation, ->(_) { log << :no }, ->(error) { (log << error) && done })
      end
      expect(log).to match([be_an(Exception).and(have_attributes(message: "x"))])
    end

    it "needs something to call" do
      [nil, 5].each do |anything|
        expect { EventMachine.defer(anything) }.to raise_error(ArgumentError, /#{anything.inspect}/)
      end
    end

    it "runs as many operations at once as there are threads" do
      EventMachine.threadpool_size = 3
      gate = Thread::Queue.new
      em do
        3.times { EventMachine.defer(-> { gate.pop }, ->(_) { (log << :done).size == 3 && done }) }
        EventMachine.add_timer(0.02) { 3.times { gate << true } if gate.num_waiting == 3 }
        expect(EventMachine.threadpool.size).to eq(3)
      end
      expect(log.size).to eq(3)
    ensure
      EventMachine.threadpool_size = 20
    end

    it "takes any size that can be made an Integer, and threads that end the program by their exceptions" do
      ["3", 3.9, Struct.new(:to_i).new(3)].each do |size|
        EventMachine.threadpool_size = size
        em do
          operation = -> { [EventMachine.threadpool.size, Thread.current.abort_on_exception] }
          EventMachine.defer(operation, ->(facts) { (log << facts) && done })
        end
        expect(EventMachine.threadpool_size).to equal(size)
      end
      expect(log).to eq([[3, true]] * 3)
    ensure
      EventMachine.threadpool_size = 20
    end

    it "needs no callback" do
      gate = Thread::Queue.new
      em do
        EventMachine.defer(-> { (log << :done) && gate.push(true) }, false)
        EventMachine.defer(-> { gate.pop }, ->(_) { done })
      end
      expect(log).to eq([:done])
    end

    it "tells when all is finished" do
      em do
        log << EventMachine.defers_finished?
        gate = Thread::Queue.new
        EventMachine.defer { gate.pop }
        log << EventMachine.defers_finished?
        gate << true
        EventMachine.add_periodic_timer(0.005) { EventMachine.defers_finished? && (log << true) && done }
      end
      expect(log).to eq([true, false, true])
      expect(EventMachine.defers_finished?).to be(true)
    end

    it "replaces a thread that an operation has ended" do
      EventMachine.threadpool_size = 1
      em do
        EventMachine.defer { (log << :ended) && Thread.exit }
        wait_until { EventMachine.threadpool.empty? }
        EventMachine.defer(-> { :alive }, ->(result) { (log << result) && done })
      end
      expect(log).to eq(%i[ended alive])
    ensure
      EventMachine.threadpool_size = 20
    end

    it "ends its threads with the reactor, whatever they do" do
      threads = nil
      em do
        EventMachine.defer { sleep }
        EventMachine.add_timer(0.01) { (threads = EventMachine.threadpool.dup) && done }
      end
      expect(threads.size).to eq(EventMachine.threadpool_size)
      expect(threads.select(&:alive?)).to be_empty
      expect(EventMachine.threadpool).to be_nil
    end

    it "serves the next reactor as well" do
      2.times { em { EventMachine.defer(-> { :result }, ->(result) { (log << result) && done }) } }
      expect(log).to eq(%i[result result])
    end

    it "may be called before the reactor runs" do
      EventMachine.defer(-> { :early }, ->(result) { (log << result) && done })
      em { nil }
      expect(log).to eq([:early])
    end
  end
end
