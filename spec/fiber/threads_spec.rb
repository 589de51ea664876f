# frozen_string_literal: true

require "monitor"
require "timeout"

RSpec.describe "Fibers and threads" do
  it "wakes fibers for what threads push" do
    got = in_fiber do
      queue = Thread::Queue.new
      popping = Array.new(4) { fiber { Array.new(500) { queue.pop } } }
      Array.new(4) {
        Thread.new {
          500.times {
            queue << 1
            Thread.pass if rand < 0.1
          }
        }
      }
      EventMachine.gather(*popping).flatten.sum
    end
    expect(got).to eq(2000)
  end

  it "hands items to and fro by queues of one place" do
    got = in_fiber do
      there, back = Thread::SizedQueue.new(1), Thread::SizedQueue.new(1)
      thread = Thread.new {
        300.times.map { |n|
          there << n
          back.pop
        }
      }
      fiber { 300.times { back << (there.pop * 2) } }
      thread.value
    end
    expect(got).to eq((0...300).map { |n| n * 2 })
  end

  it "has mutexes, monitors and condition variables keep others out" do
    got = in_fiber do
      order = []
      mutex, monitor, signal = Mutex.new, Monitor.new, ConditionVariable.new
      one = fiber {
        mutex.synchronize {
          monitor.synchronize {
            settle
            order << 1
          }
        }
      }
      two = fiber {
        mutex.synchronize {
          order << 2
          signal.wait(mutex)
          order << 4
        }
      }
      three = fiber {
        sleep 0 until order.include?(2)
        mutex.synchronize {
          order << 3
          signal.signal
        }
      }
      EventMachine.gather(one, two, three)
      order
    end
    expect(got).to eq([1, 2, 3, 4])
  end

  it "waits for threads, and gets what they raise" do
    got = in_fiber do
      raising = Thread.new {
        Thread.current.report_on_exception = false
        raise ArgumentError, "from a thread"
      }
      error = begin
        raising.value
      rescue ArgumentError => raised
        raised.message
      end
      queue = Thread::Queue.new
      fiber {
        sleep 0
        queue << :value
      }
      [Thread.new { queue.pop }.value, error]
    end
    expect(got).to eq([:value, "from a thread"])
  end

  it "loses no wake-up among timeouts, mutexes, joins and queues", time_limit: 60 do
    got = in_fiber(40) do
      queues = Array.new(4) { Thread::Queue.new }
      mutex = Mutex.new
      hits = 0
      tasks = queues.map { |queue|
        fiber {
          600.times {
            queue.pop
            sleep(0) if rand < 0.05
          }
        }
      }
      queues.each { |queue|
        Thread.new {
          600.times {
            queue << 1
            sleep(rand * 0.001) if rand < 0.02
          }
        }
      }
      tasks << fiber do
        100.times do
          Timeout.timeout(rand * 0.002) { Thread::Queue.new.pop }
        rescue Timeout::Error
          nil
        end
      end
      tasks.concat(Array.new(4) {
                     fiber {
                       200.times {
                         mutex.synchronize {
                           sleep(0) if rand < 0.1
                           hits += 1
                         }
                       }
                     }
                   })
      threads = Array.new(2) {
        Thread.new {
          200.times {
            mutex.synchronize {
              hits += 1
              Thread.pass
            }
          }
        }
      }
      tasks << fiber { 30.times { Thread.new { sleep(rand * 0.001) }.join } }
      EventMachine.gather(*tasks, *threads)
      expect_nothing_left
      hits
    end
    expect(got).to eq(1200)
  end

  it "serves several threads, each with a loop of its own" do
    got = Array.new(8) do
      Thread.new do
        sums = []
        Fiber.set_scheduler(EventMachine::Scheduler.new)
        reader, writer = IO.pipe
        Fiber.schedule { sums << reader.read.to_i }
        Fiber.schedule {
          10.times { sleep 0.001 }
          writer << "42"
          writer.close
        }
        Fiber.scheduler.run
        sums
      end
    end
    expect(got.map(&:value)).to all(eq([42]))
  end

  it "runs signal handlers while fibers wait" do
    before = trap(:USR1) { EventMachine.next_tick { EventMachine.stop } }
    got = nil
    em do
      fiber do
        sleep 0
        Process.kill(:USR1, Process.pid)
        sleep
      ensure
        got = :ended
      end
    end
    expect(got).to eq(:ended)
  ensure
    trap(:USR1, before || "DEFAULT")
  end

  [[:sleep, -> { sleep 0.01 }], [:read, -> { IO.popen("echo", &:read) }], [:timeout, lambda do
    Timeout.timeout(0.01) { sleep }
  rescue Timeout::Error
    nil
  end]].each do |name, wait|
    it "lets a signal handler start fibers that wait, though the loop sleeps: #{name}" do
      woken = lambda do
        wait.call
        EventMachine.stop
      end
      before = trap(:USR1) { EventMachine.fiber(&woken) }
      em do
        loops = Thread.current
        Thread.new do
          sleep 0.001 until loops.status == "sleep"
          Process.kill(:USR1, Process.pid)
        end
      end
    ensure
      trap(:USR1, before || "DEFAULT")
    end
  end
end
