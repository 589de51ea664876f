# frozen_string_literal: true

require "timeout"

RSpec.describe "EventMachine.fiber and its friends" do
  def fiber(name = nil, &block)
    EventMachine.fiber(name, &block)
  end

  # What the block raises.
  def raised
    yield
    nil
  rescue Exception => error
    error
  end

  def deferrable
    EventMachine::DefaultDeferrable.new
  end

  describe "EventMachine.fiber" do
    it "runs at once until the first wait, and gives a task" do
      seen = []
      em do
        task = fiber("name") { |given|
          seen << given
          sleep 0
          :value
        }
        seen << task << task.name << task.status << task.value
        task.callback { |value|
          seen << value << task.status << task.value
          done
        }
      end
      task = seen.first
      expect(seen).to eq([task, task, "name", :waiting, nil, :value, :done, :value])
      expect(task.inspect).to eq("#<EventMachine::Task name done>")
    end

    it "may be called before the loop and from other threads" do
      seen = []
      early = fiber {
        seen << EventMachine.reactor_thread?
        sleep 0
        1
      }
      em do
        Thread.new do
          fiber {
            seen << EventMachine.reactor_thread?
            2
          }.callback { |value|
            seen << value
            done
          }
        end
      end
      expect(seen).to eq([true, true, 2])
      expect(early.value).to eq(1)
    end

    it "changes nothing until it is called, and nothing when the loop has ended" do
      before = nil
      em {
        before = Fiber.scheduler
        fiber { sleep 0 }.callback { done }
      }
      expect([before, Fiber.scheduler]).to eq([nil, nil])
    end

    it "lists the tasks in the order of their starts" do
      got = in_fiber do
        tasks = Array.new(20) { |number| fiber(number) { sleep } }
        tasks.values_at(3, 11).each(&:cancel)
        sleep 0
        EventMachine.tasks.map(&:name).tap { tasks.each(&:cancel) }
      end
      expect(got.last(18)).to eq([*"0".."19"] - %w[3 11])
    end

    it "makes tasks that cannot be copied, and need a block" do
      task = EventMachine::Task.new("one") { nil }
      expect { task.dup }.to raise_error(TypeError, "a task cannot be copied: #<EventMachine::Task one waiting>")
      expect { task.clone }.to raise_error(TypeError, /cannot be copied/)
      expect { EventMachine::Task.new }.to raise_error(ArgumentError, "no block given")
      expect(EventMachine::Task.allocate.then { |none| [none.status, none.name, none.fiber, none.value] })
        .to eq([:waiting, nil, nil, nil])
    end

    it "takes anything with a name, and the blocks of methods, symbols and lambdas" do
      got = in_fiber do
        blocks = [-> { 1 }, ->(task) { task.name }, ->(task = 2) { task.name }, :name.to_proc, proc { |_, more| more }]
        names = [:a, 5, false, nil].map { |name| fiber(name) { nil }.name }
        [names, blocks.map { |block| fiber("x", &block).value }]
      end
      expect(got).to eq([["a", "5", nil, nil], [1, "x", "x", "x", nil]])
      expect { fiber(&->(one, two) { [one, two] }) && em { EventMachine.next_tick { done } } }
        .to raise_error(ArgumentError, /given 1, expected 2/)
      expect { EventMachine.fiber(1, 2) { nil } }
        .to raise_error(ArgumentError, "wrong number of arguments (given 2, expected 0..1)")
    end

    it "tells who asks late, and who set another outcome has no last word on the value" do
      got = in_fiber do
        task = fiber { 4 }
        seen = []
        task.callback { |value| seen << value }
        task.fail(9)
        task.errback { |reason| seen << reason }
        [*seen, task.value, task.status]
      end
      expect(got).to eq([4, 9, 4, :done])
    end

    it "knows the running task, from nested fibers too" do
      got = in_fiber do |task|
        [EventMachine::Task.current, Fiber.new { EventMachine::Task.current }.resume, task.status,
         fiber { sleep }.then { |other| [EventMachine.tasks.size, other.backtrace.class, other.cancel] }]
          .then { |current, nested, *rest| [current.equal?(task), nested.equal?(task), *rest] }
      end
      expect(got).to eq([true, true, :running, [2, Array, true]])
    end
  end

  describe "An exception of a task" do
    it "leaves EventMachine.run where nobody takes it" do
      expect {
        em {
          fiber {
            sleep 0
            raise ArgumentError, "nobody's"
          }
        }
      }.to raise_error(ArgumentError, "nobody's")
    end

    it "goes to the error handler where nobody takes it" do
      seen = nil
      EventMachine.error_handler { |error|
        seen = error.message
        done
      }
      em { fiber { raise "handled" } }
      expect(seen).to eq("handled")
    end

    it "goes to who awaits it, or has an errback, within a turn" do
      got = in_fiber do
        late = fiber { raise IOError, "late" }
        taken = []
        EventMachine.next_tick { late.errback { |error| taken << error.message } }
        begin
          fiber {
            sleep 0
            raise IOError, "awaited"
          }.await
        rescue IOError => error
          taken << error.message
        end
        settle(5)
        taken
      end
      expect(got).to contain_exactly("late", "awaited")
    end

    [SystemExit, Interrupt, NoMemoryError].each do |kind|
      it "leaves EventMachine.run where it is a #{kind}, though somebody takes it" do
        EventMachine.error_handler { |error| raise "handled: #{error}" }
        taken = nil
        run = proc {
          em {
            fiber {
              sleep 0
              raise kind, "end"
            }.errback { |error| taken = error }
          }
        }
        expect(&run).to raise_error(kind)
        expect(taken).to be_a(kind)
      end
    end

    it "ends no other task" do
      got = in_fiber do
        others = Array.new(3) { |n|
          fiber {
            sleep 0.005
            n
          }
        }
        fiber {
          sleep 0
          raise "one"
        }.errback { nil }
        EventMachine.gather(*others)
      end
      expect(got).to eq([0, 1, 2])
    end

    it "is an UncaughtThrowError where it throws out of the fiber" do
      expect {
        catch(:out) {
          em {
            fiber {
              sleep 0
              throw :out
            }
          }
        }
      }.to raise_error(UncaughtThrowError)
    end
  end

  describe "EventMachine.main" do
    it "runs the loop for a block, and returns what it returns" do
      expect(EventMachine.main {
               sleep 0.001
               42
             }).to eq(42)
    end

    it "raises what the block raises" do
      expect {
        EventMachine.main {
          sleep 0
          raise KeyError, "main"
        }
      }.to raise_error(KeyError, "main")
    end

    it "returns nil where the loop is stopped before" do
      expect(EventMachine.main {
               EventMachine.stop
               sleep
             }).to be_nil
    end

    it "is refused inside of a loop" do
      expect { em { EventMachine.main { nil } } }.to raise_error(RuntimeError, /the reactor is running/)
    end
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

  describe "EventMachine.gather" do
    it "gives all values in order, none for none" do
      got = in_fiber do
        [EventMachine.gather(fiber {
                               sleep 0.002
                               1
                             }, Thread.new { 2 }, deferrable.tap { |d| d.succeed(3, 4) }),
         EventMachine.gather]
      end
      expect(got).to eq([[1, 2, [3, 4]], []])
    end

    it "raises the first failure and cancels the other tasks" do
      got = in_fiber do
        other = fiber { sleep }
        error = begin
          EventMachine.gather(other, fiber {
                                       sleep 0
                                       raise "first"
                                     })
        rescue RuntimeError => raised
          raised.message
        end
        settle
        [error, other.status]
      end
      expect(got).to eq(["first", :cancelled])
    end
  end

  describe "EventMachine.race" do
    it "gives the first value and cancels the other tasks" do
      got = in_fiber do
        slow = fiber { sleep }
        value = EventMachine.race(slow, fiber {
                                          sleep 0
                                          :fast
                                        })
        settle
        [value, slow.status]
      end
      expect(got).to eq(%i[fast cancelled])
    end

    it "is refused for nothing" do
      expect { in_fiber { EventMachine.race } }.to raise_error(ArgumentError, "nothing to wait for")
    end
  end

  describe "EventMachine.group" do
    it "returns when all tasks have ended, those too that come meanwhile" do
      got = in_fiber do
        EventMachine.group do |group|
          group.fiber {
            sleep 0.002
            group.fiber {
              sleep 0.002
              :late
            }
            :first
          }
          group.fiber { :second }
        end
      end
      expect(got).to eq(%i[first second late])
    end

    it "cancels the others where one fails, and raises that when all have ended" do
      got = in_fiber do
        events = []
        begin
          EventMachine.group do |group|
            group.fiber { sleep }
            group.fiber {
              begin
                sleep
              ensure
                sleep 0.002
                events << :cleaned
              end
            }
            group.fiber {
              sleep 0.001
              raise "one"
            }
          end
        rescue RuntimeError => error
          events << error.message
        end
        settle
        events + [EventMachine.tasks.size]
      end
      expect(got).to eq([:cleaned, "one", 1])
    end

    it "cancels the tasks where the block fails, or its own task is cancelled" do
      got = in_fiber do
        events = []
        begin
          EventMachine.group { |group|
            group.fiber {
              begin
                sleep
              ensure
                events << :one
              end
            }
            raise "block"
          }
        rescue RuntimeError => error
          events << error.message
        end
        outer = fiber { EventMachine.group { |group| group.fiber { begin; sleep; ensure; events << :two; end } } }
        settle
        outer.cancel
        settle(6)
        events << outer.status
      end
      expect(got).to eq([:one, "block", :two, :cancelled])
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

  describe "EventMachine::Task#cancel" do
    it "raises where the task waits, runs ensure, and is no failure of the task's own" do
      got = in_fiber do
        events = []
        task = fiber do
          sleep
        rescue StandardError
          events << :rescued
        ensure
          sleep 0.001
          events << :ensured
        end
        events << task.cancel("enough")
        begin
          task.await
        rescue EventMachine::TaskCancelled => error
          events << error.message
        end
        events << task.status << task.cancel
      end
      expect(got).to eq([true, :ensured, "enough", :cancelled, false])
    end

    it "raises at the next wait of a task that does not wait" do
      got = in_fiber do
        events = []
        task = fiber { |me|
          me.cancel
          events << :on
          sleep 1
          events << :not
        }
        settle
        events << task.status
      end
      expect(got).to eq(%i[on cancelled])
    end

    # Ruby 3.4 has operations wait so, and what they work on is on the stack of the fiber.
    it "goes on only when the operation has ended that the task has a thread do" do
      threads = []
      got = in_fiber do
        operation = -> { threads << Thread.current && sleep }
        task = fiber { Fiber.scheduler.blocking_operation_wait(operation) }
        sleep(0) until threads.any?
        task.cancel
        [raised { task.await }.class, threads.first.alive?]
      end
      expect(got).to eq([EventMachine::TaskCancelled, false])
    end

    it "ends a task that has not started" do
      ran = false
      task = fiber { ran = true }
      expect([task.cancel, task.status]).to eq([true, :cancelled])
      em { EventMachine.add_timer(0.01) { done } }
      expect(ran).to be(false)
    end

    it "raises again, where it is called again" do
      got = in_fiber do
        events = []
        task = fiber { begin; sleep; ensure; begin; sleep; ensure; events << :inner; end; end }
        2.times {
          task.cancel
          settle
        }
        events << task.status
      end
      expect(got).to eq(%i[inner cancelled])
    end

    it "may be called from a thread" do
      got = in_fiber do
        task = fiber { sleep }
        Thread.new { task.cancel }.join
        settle
        task.status
      end
      expect(got).to eq(:cancelled)
    end

    it "waits for a shield, as timeouts do that were set outside" do
      got = in_fiber do
        events = []
        shielded = Thread::Queue.new
        task = fiber do
          begin
            Timeout.timeout(0.001) do
              EventMachine.shield {
                sleep 0.005
                events << :shielded
              }
              events << :not
            end
          rescue Timeout::Error
            events << :late
          end
          EventMachine.shield {
            shielded << true
            sleep 0.002
            events << :whole
          }
          events << :not
        end
        shielded.pop
        task.cancel
        events << raised { task.await }.class
        expect_nothing_left
        events
      end
      expect(got).to eq([:shielded, :late, :whole, EventMachine::TaskCancelled])
    end

    it "lets a timeout inside of a shield come" do
      got = in_fiber { EventMachine.shield { raised { Timeout.timeout(0.001) { sleep 1 } }.class } }
      expect(got).to eq(Timeout::Error)
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
