# frozen_string_literal: true

require "timeout"

RSpec.describe "Switching between fibers" do
  it "keeps callbacks on a fiber that blocks" do
    seen = nil
    em do
      fiber { sleep 0.001 }
      EventMachine.add_timer(0.01) do
        seen = [Fiber.current.blocking?, Fiber.current_scheduler]
        done
      end
    end
    expect(seen).to eq([true, nil])
  end

  it "lets others run while a fiber inside of a task waits, and comes back to the task" do
    got = in_fiber do
      ticks = Thread::Queue.new
      fiber {
        3.times { |tick|
          sleep 0
          ticks << tick
        }
      }
      inner = Fiber.new do
        Fiber.yield [ticks.pop, ticks.pop]
        ticks.pop
      end
      [inner.resume, inner.resume]
    end
    expect(got).to eq([[0, 1], 2])
  end

  it "lets fibers wait at any depth" do
    nest = ->(depth) {
      depth.zero? ? (sleep 0.001
                     0) : Fiber.new { nest.call(depth - 1) + 1 }.resume
    }
    got = in_fiber { EventMachine.gather(*Array.new(5) { |depth| fiber { nest.call(depth) } }) }
    expect(got).to eq([0, 1, 2, 3, 4])
  end

  it "uses the same drain fibers again" do
    idle = in_fiber do
      100.times { Fiber.new { sleep 0 }.resume }
      settle
      counts[:idle]
    end
    expect(idle).to be <= 2
  end

  it "resumes a task that has yielded, as em-synchrony does" do
    got = in_fiber do
      fiber do
        current = Fiber.current
        EventMachine.add_timer(0.005) { current.resume(:value) }
        value = Fiber.yield
        sleep 0.005
        value
      end.await
    end
    expect(got).to eq(:value)
  end

  it "has a plain fiber of a callback wait, and come back by Fiber.yield afterwards" do
    got = nil
    em do
      fiber { sleep 0 }
      Fiber.new do
        current = Fiber.current
        EventMachine.add_timer(0.005) { current.resume(:value) }
        value = Fiber.yield
        sleep 0.005
        reader, writer = IO.pipe
        EventMachine.add_timer(0.005) { writer << "q" }
        got = [value, reader.readpartial(1)]
        EventMachine.add_timer(0.005) { current.resume(:again) }
        got << Fiber.yield
        done
      end.resume
    end
    expect(got).to eq([:value, "q", :again])
  end

  it "is not misled by who resumes a fiber that waits" do
    got = in_fiber do
      slept = fiber do
        start = Process.clock_gettime(Process::CLOCK_MONOTONIC)
        sleep 0.03
        Process.clock_gettime(Process::CLOCK_MONOTONIC) - start
      end
      EventMachine.next_tick { 3.times { slept.fiber.resume } }
      slept.await
    end
    expect(got).to be >= 0.03
  end

  it "starts a task inside a task at once, until its first wait" do
    order = in_fiber do
      order = []
      fiber do
        order << 1
        fiber {
          order << 2
          sleep 0
          order << 4
        }
        order << 3
      end
      settle
      order
    end
    expect(order).to eq([1, 2, 3, 4])
  end

  it "raises in another task's fiber and comes back" do
    got = in_fiber do
      events = []
      target = fiber do
        sleep 5
      rescue RuntimeError => error
        sleep 0.001
        events << error.message
      end
      target.fiber.raise "bye"
      events << :back
      target.await
      events
    end
    expect(got).to eq([:back, "bye"])
  end

  it "lets no fiber that is always ready keep timers and others from running" do
    got = in_fiber do
      busy = fiber { loop { sleep 0 } }
      timer = EventMachine::DefaultDeferrable.new
      EventMachine.add_timer(0.005) { timer.succeed(:timer) }
      EventMachine.await(timer).tap { busy.cancel }
    end
    expect(got).to eq(:timer)
  end

  it "gives the loop its turn within sleep(0) where it has something to do" do
    got = in_fiber do
      seen = []
      EventMachine.next_tick { seen << :tick }
      sleep 0
      EventMachine.add_timer(0) { seen << :timer }
      sleep 0 until seen.last == :timer
      EventMachine.before_wait { seen << :hook }.tap { sleep 0 }.cancel
      seen
    end
    expect(got.uniq).to eq(%i[tick timer hook])
    expect(got.first(2)).to eq(%i[tick timer])
  end

  it "goes on several times in one turn where it has not, others between", :hurried do
    turns, order = in_fiber do
      order = []
      EventMachine.enable_metrics
      before = EventMachine.metrics.turns
      tasks = [1, 2].map { |n| fiber { 1000.times { sleep(0) && (order << n) } } }
      tasks.each(&:await)
      [EventMachine.metrics.turns - before, order]
    ensure
      EventMachine.disable_metrics
    end
    expect(turns).to be < 1000
    expect(order.each_slice(2).map(&:sort).uniq).to eq([[1, 2]])
  end

  it "looks for events with each sleep(0) where some may come" do
    turns = in_fiber do
      near, far = UNIXSocket.pair
      reader = fiber { far.readpartial(1) }
      EventMachine.enable_metrics
      before = EventMachine.metrics.turns
      100.times { sleep 0 }
      near.write("x") && reader.await
      EventMachine.metrics.turns - before
    ensure
      EventMachine.disable_metrics
    end
    expect(turns).to be >= 100
  end

  it "never ends a sleep early" do
    early = in_fiber do
      waits = Array.new(50) do |n|
        fiber do
          start = Process.clock_gettime(Process::CLOCK_MONOTONIC)
          sleep(n / 5000.0)
          Process.clock_gettime(Process::CLOCK_MONOTONIC) - start - (n / 5000.0)
        end
      end
      EventMachine.gather(*waits).select(&:negative?)
    end
    expect(early).to be_empty
  end

  # In a process of its own: Ruby keeps the stacks, and with so many mappings each fork of a later example takes long.
  it "has many fibers wait at a time", time_limit: 60 do
    output, = run_ruby(<<~RUBY, limit: 50)
      EventMachine.main do
        tasks = Array.new(30_000) { |n| EventMachine.fiber { sleep(0.1) && n } }
        p EventMachine.tasks.size - 1, EventMachine.gather(*tasks).sum
      end
    RUBY
    expect(output.split.map(&:to_i)).to eq([30_000, (0...30_000).sum])
  end

  it "gives timeouts to the innermost that is over first" do
    got = in_fiber do
      Timeout.timeout(0.05) do
        Timeout.timeout(0.01) { sleep 1 }
      rescue Timeout::Error
        sleep 1
      end
    rescue Timeout::Error
      :outer
    end
    expect(got).to eq(:outer)
  end

  # As in threads; what causes it depends on the Ruby.
  it "lets a block not rescue its own timeout, unless its class was given" do
    timed_out = lambda do |rescued|
      Timeout.timeout(0.005) { begin; sleep 1; rescue StandardError; rescued << :plain; end }
    rescue Timeout::Error => error
      rescued << error.message << error.cause.class
    end
    plainly = timed_out.call([])
    got = in_fiber do
      rescued = timed_out.call([])
      Timeout.timeout(0.005, KeyError) { begin; sleep 1; rescue KeyError; rescued << :given; end }
      rescued
    end
    expect(got).to eq([*plainly, :given])
    expect(plainly.first).to eq("execution expired")
  end

  it "ends by a timeout what a nested fiber waits for" do
    got = in_fiber do
      Timeout.timeout(0.01) { Fiber.new { sleep 1 }.resume }
    rescue Timeout::Error
      :over
    end
    expect(got).to eq(:over)
  end

  it "raises a timeout at the next wait where the wait before had ended already" do
    got = in_fiber do
      queue = Thread::Queue.new
      waiting = fiber do
        Timeout.timeout(0.01) {
          queue.pop
          sleep 1
        }
      rescue Timeout::Error
        :over
      end
      busy = fiber {
        queue << 1
        deadline = Time.now + 0.02
        nil until Time.now > deadline
      }
      EventMachine.gather(waiting, busy).first
    end
    expect(got).to eq(:over)
  end
end
