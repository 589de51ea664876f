# frozen_string_literal: true

require "timeout"

RSpec.describe "Waiting in a fiber" do
  def deferrable
    EventMachine::DefaultDeferrable.new
  end

  describe "EventMachine.await" do
    it "gives what a Deferrable succeeds with" do
      got = in_fiber do
        later, before = deferrable, deferrable
        before.succeed(1, 2)
        EventMachine.add_timer(0.001) { later.succeed(:later) }
        empty = deferrable.tap(&:succeed)
        [EventMachine.await(later), before.await, empty.await]
      end
      expect(got).to eq([:later, [1, 2], nil])
    end

    it "raises what it fails with, which may be no exception" do
      got = in_fiber do
        failing = deferrable
        EventMachine.next_tick { failing.fail(KeyError.new("gone")) }
        [raised { EventMachine.await(failing) }.message, raised { deferrable.tap { |d| d.fail(:a, 1) }.await }]
      end
      expect(got.first).to eq("gone")
      expect(got.last).to be_an(EventMachine::Failed).and have_attributes(arguments: [:a, 1])
    end

    it "waits for completions, threads and tasks" do
      got = in_fiber do
        completion = EventMachine::Completion.new
        EventMachine.add_timer(0.001) { completion.succeed(:completed) }
        [completion, Thread.new {
                       sleep 0.001
                       :thread
                     }, fiber {
                          sleep 0
                          :task
                        }].map { |one| EventMachine.await(one) }
      end
      expect(got).to eq(%i[completed thread task])
    end

    it "takes no longer than it is told to, and leaves nothing" do
      got = in_fiber do
        never = deferrable
        error = begin
          EventMachine.await(never, 0.005)
        rescue Timeout::Error => raised
          raised.message
        end
        expect_nothing_left
        [error, never.instance_variable_get(:@callbacks), never.instance_variable_get(:@errbacks)]
      end
      expect(got).to eq(["EventMachine::DefaultDeferrable took longer than 0.005 s", [], []])
    end

    it "is refused in callbacks" do
      expect { em { EventMachine.await(deferrable) } }
        .to raise_error(EventMachine::NotInFiber, /EventMachine\.await waits, and callbacks must not/)
    end

    it "is refused for what has no callbacks" do
      expect {
        in_fiber {
          EventMachine.await(42)
        }
      }.to raise_error(TypeError, "neither a Thread nor anything with callbacks: 42")
    end
  end

  describe "EventMachine.offload" do
    it "runs in a thread of the pool while others go on" do
      got = in_fiber do
        ticks = Thread::Queue.new
        fiber {
          2.times { |tick|
            sleep 0
            ticks << tick
          }
        }
        EventMachine.offload { [ticks.pop, ticks.pop, Thread.current.name] }
      end
      expect(got).to eq([0, 1, "eventmachine defer"])
    end

    it "raises what the block raises" do
      expect { in_fiber { EventMachine.offload { raise KeyError, "offloaded" } } }.to raise_error(KeyError, "offloaded")
    end
  end

  describe "EventMachine::Queue#take" do
    it "waits for an item" do
      got = in_fiber do
        queue = EventMachine::Queue.new
        EventMachine.next_tick { queue.push(1, [2]) }
        [queue.take, queue.take, raised { queue.take(0.001) }.class, queue.num_waiting]
      end
      expect(got).to eq([1, [2], Timeout::Error, 0])
    end

    it "loses no item to a task that is cancelled when it comes" do
      got = in_fiber do
        queue = EventMachine::Queue.new
        task = fiber { queue.take }
        queue.push(:item)
        task.cancel
        settle
        task.status == :done ? task.value : queue.take(1)
      end
      expect(got).to eq(:item)
    end
  end

  describe "EventMachine::Channel#each" do
    it "gives each message, and ends with the block" do
      got = in_fiber do
        channel = EventMachine::Channel.new
        listening = fiber {
          all = []
          channel.each { |message|
            all << message
            break all if all.size == 3
          }
        }
        channel.push(1, 2)
        settle
        channel << 3 << 4
        [listening.await, channel.num_subscribers]
      end
      expect(got).to eq([[1, 2, 3], 0])
    end
  end
end
