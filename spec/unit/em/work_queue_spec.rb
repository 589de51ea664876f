# frozen_string_literal: true

require "English"

RSpec.describe "The queues of EventMachine.defer" do
  subject(:queue) { queue_class.new }

  let(:queue_class) { EventMachine.const_get(:WorkQueue) }
  let(:results) { queue_class.new }
  let(:taken) { Thread::Queue.new }

  def runners(count)
    threads = Array.new(count) { Thread.new { loop { queue.wait || queue.run(results) } } }
    Thread.pass until queue.num_waiting == count
    yield threads
  ensure
    threads.each(&:kill).each(&:join)
  end

  # Notes the thread that runs it, and the number.
  def note(number)
    queue.add(-> { taken << [Thread.current, number] }, nil, nil)
  end

  describe "to those who look at them" do
    it "are Thread::Queues, which give entries in their order" do
      expect(queue).to be_a(Thread::Queue)
      expect((queue << [1, 2, 3]).push([4, 5]).enq([6]).add(7, 8, 9)).to equal(queue)
      expect([queue.size, queue.length, queue.empty?]).to eq([4, 4, false])
      expect(Array.new(4) { queue.pop }).to eq([[1, 2, 3], [4, 5, nil], [6, nil, nil], [7, 8, 9]])
      expect(queue).to be_empty
      expect { queue.pop(true) }.to raise_error(ThreadError, "queue empty")
    end

    it "are emptied" do
      1_000.times { |number| queue.add(number, nil, nil) }
      expect(queue.clear).to equal(queue)
      expect([queue.size, queue.idle?]).to eq([0, true])
    end

    it "make those wait who want an entry of none" do
      taker = Thread.new { queue.shift }
      Thread.pass until queue.num_waiting == 1
      queue << %i[an entry now]
      expect(taker.value).to eq(%i[an entry now])
    end

    it "cannot be closed, copied or made without their contents" do
      expect(queue).not_to respond_to(:close)
      expect { queue_class.allocate }.to raise_error(TypeError)
      expect { queue.dup }.to raise_error(TypeError)
      expect { queue.run(Thread::Queue.new) }.to raise_error(TypeError, /WorkQueue/)
    end
  end

  describe "running operations" do
    it "hands over every operation, however many threads wait" do
      runners(3) do
        100.times { |number| note(number) }
        expect(Array.new(100) { taken.pop.last }).to match_array(0...100)
        Thread.pass until queue.num_waiting == 3
      end
    end

    it "starts all operations though each blocks the thread that took it" do
      gate = Thread::Queue.new
      runners(5) do
        5.times { queue.add(-> { gate.pop }, nil, nil) }
        Thread.pass until gate.num_waiting == 5
      end
    end

    it "starts one that comes while another has just been taken" do
      gate = Thread::Queue.new
      runners(2) do
        queue.add(-> { note(:second) && gate.pop }, nil, nil)
        expect(taken.pop.last).to eq(:second)
        gate << true
      end
    end

    it "loses no operation with a thread that ends" do
      runners(2) do |threads|
        threads.first.kill.join
        3.times { |number| note(number) }
        expect(Array.new(3) { taken.pop }).to eq(Array.new(3) { |number| [threads.last, number] })
      end
    end

    it "wakes up another thread for one that was woken up and took nothing" do
      woken = Thread.new { queue.wait }
      Thread.pass until queue.num_waiting == 1
      other = Thread.new { queue.wait || queue.run(results) }
      Thread.pass until queue.num_waiting == 2
      note(:left)
      woken.join
      queue.rouse
      expect(taken.pop).to eq([other, :left])
    end

    it "is given operations from many threads at once" do
      runners(4) do
        givers = Array.new(8) { |giver| Thread.new { 200.times { |number| note([giver, number]) } } }
        givers.each(&:join)
        expect(Array.new(1600) { taken.pop.last }.uniq.size).to eq(1600)
      end
    end

    it "is idle when all that was taken is done, however it ended" do
      gate = Thread::Queue.new
      expect(queue).to be_idle
      queue.add(-> { gate.pop }, nil, nil)
      expect(queue).not_to be_idle
      runner = Thread.new { queue.run(results) }
      Thread.pass until gate.num_waiting == 1
      expect([queue.empty?, queue.idle?]).to eq([true, false])
      runner.kill.join
      expect(queue).to be_idle
    end
  end

  describe "results" do
    it "tell the loop of the first only" do
      3.times { |number| queue.add(-> { number }, :callback, nil) }
      expect(Array.new(4) { queue.run(results) }).to eq([true, false, false, false])
      expect(Array.new(3) { results.pop }).to eq(Array.new(3) { |number| [:callback, number, nil] })
    end

    it "are exceptions for the errback, and go up where there is none" do
      failure = Exception.new("failed")
      queue.add(-> { raise failure }, :callback, :errback)
      queue.add(-> { raise failure }, :callback, false)
      expect([queue.run(results), results.pop]).to eq([true, [:errback, failure, nil]])
      expect { queue.run(results) }.to raise_error(failure)
      expect([results, queue]).to match([be_empty, be_idle])
    end

    it "leave no exception behind" do
      queue.add(-> { raise "failed" }, nil, :errback)
      queue.run(results)
      expect($ERROR_INFO).to be_nil
    end

    it "let a throw through" do
      queue.add(-> { throw :found, 5 }, nil, :errback)
      expect(catch(:found) { queue.run(results) }).to eq(5)
      expect([results, queue]).to match([be_empty, be_idle])
    end

    it "are delivered one at a time, to nobody where there is no callback" do
      log = []
      queue.add(-> { 1 }, ->(result) { log << result }, nil)
      queue.add(-> { 2 }, false, nil)
      queue.add(-> { 3 }, nil, nil)
      3.times { queue.run(results) }
      expect(Array.new(4) { results.deliver || results.size }).to eq([2, 1, 0, 0])
      expect(log).to eq([1])
    end
  end

  # Compaction is more than some libraries of this process can take.
  it "keep what is in them from being collected, and where it is" do
    output, = run_ruby(<<~RUBY)
      queues = Array.new(2) { EventMachine.const_get(:WorkQueue).new }
      operations, results = queues
      log = []
      collect = -> { GC.start && GC.compact }
      2_000.times { |number| operations.add(-> { +"result \#{number}" }, ->(result) { log << result }, -> {}) }
      collect.call
      operations.run(results) until operations.empty?
      collect.call
      results.deliver until results.empty?
      puts log == Array.new(2_000) { |number| "result \#{number}" }
    RUBY
    expect(output).to eq("true\n")
  end
end
