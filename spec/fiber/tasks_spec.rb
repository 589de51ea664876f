# frozen_string_literal: true

RSpec.describe "EventMachine.fiber and its tasks" do
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
end
