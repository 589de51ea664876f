# frozen_string_literal: true

require "timeout"

RSpec.describe "Wrong use of fibers" do
  # What the block raises, as text.
  def refusal
    yield
    nil
  rescue StandardError => error
    "#{error.class}: #{error.message}"
  end

  describe "of times" do
    waits = {
      "EventMachine.await" => [->(time) { EventMachine.await(EventMachine::DefaultDeferrable.new, time) }, "timeout"],
      "Task#await" => [->(time) { EventMachine.fiber { sleep }.await(time) }, "timeout"],
      "a Thread's await" => [->(time) { EventMachine.await(Thread.new { nil }, time) }, "timeout"],
      "EM::Queue#take" => [->(time) { EventMachine::Queue.new.take(time) }, "timeout"],
      "IO.select" => [->(time) { IO.select([$stdin, $stderr], nil, nil, time) }, "time interval"],
      "fiber_grace=" => [->(time) { EventMachine.fiber_grace = time }, "fiber_grace"]
    }
    waits.each do |name, (wait, subject)|
      it "by #{name} is refused with the time" do
        got = in_fiber { [-1, "soon", Complex(1, 1)].map { |time| refusal { wait.call(time) } } }
        expect(got).to eq(["ArgumentError: #{subject} must not be negative: -1",
                           %(TypeError: #{subject} must be a number: "soon"),
                           "TypeError: #{subject} must be a number: (1+1i)"])
      end
    end
  end

  it "of what is awaited is refused, alone and among others" do
    got = in_fiber do
      [->(one) { EventMachine.await(one) }, ->(one) { EventMachine.gather(Thread.new { 1 }, one) },
       ->(one) { EventMachine.race(one) }].map { |call| refusal { call.call(42) } }
    end
    expect(got).to all(eq("TypeError: neither a Thread nor anything with callbacks: 42"))
  end

  it "of await by a task for itself is refused" do
    got = in_fiber { |me| refusal { me.await } }
    expect(got).to eq("FiberError: a task cannot wait for itself")
  end

  it "of a descriptor or a buffer is refused" do
    experimental, Warning[:experimental] = Warning[:experimental], false
    got = in_fiber do
      reader, writer = IO.pipe
      writer << "abc"
      buffer = IO::Buffer.new(2)
      arguments = [[buffer, 1, 5], [buffer, -1], ["text", 1]]
      arguments.map { |rest| refusal { Fiber.scheduler.io_read(reader, *rest) }[/\A[\w:]+/] }
    end
    expect(got).to eq(%w[ArgumentError: RangeError: TypeError:])
  ensure
    Warning[:experimental] = experimental
  end

  describe "of Fiber.set_scheduler, where fibers of the loop run," do
    [-> {}, -> { EventMachine::Scheduler.new }, -> { Fiber.scheduler }].zip(%w[nil another the_same]) do |made, name|
      it "with #{name}, is refused, and they go on" do
        got = in_fiber do
          scheduler = Fiber.scheduler
          other = fiber { settle(5) && :on }
          refused = refusal { Fiber.set_scheduler(made.call) }
          [refused, other.await, Fiber.scheduler.equal?(scheduler)]
        end
        expect(got).to eq(["RuntimeError: the fibers of EventMachine.run have this scheduler: " \
                           "set another one when that has returned", :on, true])
      end
    end

    it "in another thread, is refused where it is used, and they go on" do
      got = in_fiber do
        scheduler = Fiber.scheduler
        other = fiber { settle(5) && :on }
        used = Thread.new do
          Fiber.set_scheduler(scheduler)
          refusal { Fiber.schedule { nil } }
        end
        [used.value, other.await]
      end
      expect(got).to eq(["ThreadError: this scheduler is another thread's: each thread has one of its own", :on])
    end
  end

  it "of a scheduler that was set by hand, and outlives its loop, does not spoil IO#close" do
    em {
      Fiber.set_scheduler(EventMachine::Scheduler.new)
      Fiber.schedule { done }
    }
    expect(IO.pipe.map(&:close)).to eq([nil, nil])
  ensure
    Fiber.set_scheduler(nil)
  end

  it "of a Mutex that a task holds when the loop is stopped leaves it to others" do
    mutex = Mutex.new
    em do
      fiber { mutex.synchronize { sleep } }
      fiber { mutex.synchronize { nil } }
      EventMachine.next_tick { done }
    end
    expect(mutex.try_lock).to be(true)
  end

  # From Ruby 3.3 on.
  if Fiber.method_defined?(:kill)
    it "by Fiber#kill is told to who awaits the task" do
      got = in_fiber do
        task = fiber { sleep }
        task.fiber.kill
        expect_nothing_left
        [refusal { task.await }, task.status]
      end
      expect(got).to eq(["EventMachine::TaskCancelled: killed", :cancelled])
    end
  end

  describe "by ending" do
    it "the loop, in the task itself, cancels that" do
      ended = []
      em do
        fiber do
          EventMachine.stop
          sleep
        ensure
          ended << :ensure
        end
      end
      expect(ended).to eq([:ensure])
    end

    { "in the task itself" => -> { Thread.current.kill },
      "in a nested fiber" => -> { Fiber.new { Thread.current.kill }.resume },
      "from outside" => -> {
                          Thread.current.then { |me| Thread.new { me.kill } }
                          sleep
                        } }.each do |where, kill|
      it "the loop's thread, #{where}, has ensure run in others, and the next loop is whole" do
        ended = []
        Thread.new do
          em do
            fiber {
              begin
                sleep
              ensure
                ended << :ensure
              end
            }
            fiber { settle && kill.call }
          end
        end.join
        expect(ended).to eq([:ensure])
        expect(in_fiber { settle && :whole }).to eq(:whole)
      end
    end
  end
end
