# frozen_string_literal: true

require "socket"

RSpec.describe EventMachine::Scheduler do
  it "runs the fibers of a thread when that ends" do
    events = []
    Thread.new do
      Fiber.set_scheduler(described_class.new)
      Fiber.schedule {
        events << 1
        sleep 0.002
        events << 3
      }
      events << 2
    end.join
    expect(events).to eq([1, 2, 3])
  end

  it "runs them by #run, and tells who waits" do
    got = Thread.new do
      Fiber.set_scheduler(scheduler = described_class.new)
      fiber = Fiber.schedule { sleep 0.001 }
      waiting = scheduler.waiting
      scheduler.run
      [waiting == { fiber => :sleep }, scheduler.waiting, scheduler.closed?, scheduler.attached?,
       scheduler.close && scheduler.closed?, Fiber.scheduler]
    end.value
    expect(got[0..3] + got[5..]).to eq([true, {}, false, false, nil])
  end

  it "raises where a fiber fails before its first wait, and from #run where it does later" do
    got = Thread.new do
      Fiber.set_scheduler(scheduler = described_class.new)
      at_once = raised { Fiber.schedule { raise KeyError, "at once" } }
      Fiber.schedule {
        sleep 0
        raise KeyError, "later"
      }
      [at_once.message, raised { scheduler.run }.message]
    end.value
    expect(got).to eq(["at once", "later"])
  end

  it "runs on the loop of EventMachine.run where that runs in its thread" do
    got = nil
    em do
      Fiber.set_scheduler(described_class.new)
      Fiber.schedule do
        sleep 0.001
        got = Fiber.scheduler.attached?
        done
      end
    end
    Fiber.set_scheduler(nil)
    expect(got).to be(true)
  end

  it "serves EventMachine.fiber and the rest in a thread without a reactor" do
    got = standalone do
      task = EventMachine.fiber {
        sleep 0.001
        1
      }
      thread = Thread.new { 2 }
      [*EventMachine.gather(task, thread), EventMachine.offload { 3 }, EventMachine::Task.current]
    end
    expect(got).to eq([1, 2, 3, nil])
  end

  it "has a whole loop of EventMachine.run wait beside other fibers" do
    events = []
    standalone do
      Fiber.schedule {
        3.times {
          sleep 0.002
          events << :beside
        }
      }
      EventMachine.run do
        EventMachine.add_periodic_timer(0.001) { EventMachine.stop if events.size == 3 }
      end
      events << :after
    end
    expect(events).to eq(%i[beside beside beside after])
  end

  describe "with bad input" do
    it "refuses negative times" do
      [-> { sleep(-1) }, -> { Fiber.scheduler.block(nil, -0.5) }, -> { IO.pipe.first.wait_readable(-1) },
       -> { Fiber.scheduler.kernel_sleep(-1) }].each do |call|
        expect { in_fiber { call.call } }.to raise_error(ArgumentError, /time interval must not be negative/)
      end
    end

    it "refuses times that are none" do
      { "long" => /convert String into time interval: "long"/, true => /convert TrueClass .*: true/ }
        .each { |time, words| expect { in_fiber { sleep(time) } }.to raise_error(TypeError, words) }
      expect { in_fiber { sleep(Float::NAN) } }.to raise_error(RangeError, /NaN/)
      expect { in_fiber { sleep(1, 2) } }.to raise_error(ArgumentError, /given 2, expected 0..1/)
    end

    it "refuses to wait for a closed IO, for nothing, and for what is no IO" do
      closed = IO.pipe.each(&:close).first
      expect { in_fiber { Fiber.scheduler.io_wait(closed, 1, nil) } }.to raise_error(IOError)
      expect { in_fiber { Fiber.scheduler.io_wait($stdin, 0, nil) } }
        .to raise_error(ArgumentError, "nothing to wait for in events: 0")
      expect { in_fiber { Fiber.scheduler.io_wait(Object.new, 1, nil) } }.to raise_error(StandardError, /fileno/)
    end

    it "refuses another thread" do
      scheduler = described_class.new
      Thread.new {
        Fiber.set_scheduler(scheduler)
        Fiber.schedule { nil }
        Fiber.scheduler.run
        sleep
      }.tap do |owner|
        Thread.pass until owner.stop?
        expect {
          Thread.new {
            Thread.current.report_on_exception = false
            scheduler.fiber { nil }
          }.join
        }
          .to raise_error(ThreadError, /another thread's/)
        owner.kill.join
      end
    end

    it "refuses one that is closed" do
      thread = Thread.new do
        Thread.current.report_on_exception = false
        Fiber.set_scheduler(scheduler = described_class.new)
        Fiber.schedule { nil }
        Fiber.set_scheduler(scheduler)
        Fiber.schedule { nil }
      end
      expect { thread.join }.to raise_error(RuntimeError, "this scheduler is closed: set a new one")
    end

    it "goes on after any of them" do
      got = in_fiber do
        5.times do
          sleep(-1)
        rescue ArgumentError
          nil
        end
        expect_nothing_left
        :on
      end
      expect(got).to eq(:on)
    end
  end
end
