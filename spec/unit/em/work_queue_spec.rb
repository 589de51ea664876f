# frozen_string_literal: true

RSpec.describe "The queue of EventMachine.defer" do
  subject(:queue) { EventMachine.const_get(:WorkQueue).new }

  let(:taken) { Thread::Queue.new }

  def takers(count)
    threads = Array.new(count) { Thread.new { loop { taken << [Thread.current, queue.take] } } }
    Thread.pass until queue.num_waiting == count
    yield threads
  ensure
    threads.each(&:kill).each(&:join)
  end

  it "is a Thread::Queue, which gives operations in their order" do
    expect(queue).to be_a(Thread::Queue)
    (queue << 1).push(2).enq(3)
    expect(queue.size).to eq(3)
    expect(Array.new(3) { queue.take }).to eq([1, 2, 3])
    expect(queue).to be_empty
  end

  it "hands over every operation, however many threads wait" do
    takers(3) do
      100.times { |number| queue << number }
      expect(Array.new(100) { taken.pop.last }).to match_array(0...100)
      Thread.pass until queue.num_waiting == 3
    end
  end

  it "starts all operations though each blocks the thread that took it" do
    gate = Thread::Queue.new
    threads = Array.new(5) { Thread.new { [queue.take, gate.pop] } }
    Thread.pass until queue.num_waiting == 5
    5.times { |number| queue << number }
    Thread.pass until gate.num_waiting == 5
    5.times { gate << :open }
    expect(threads.map(&:value).map(&:first)).to match_array(0...5)
  end

  it "loses no operation with a thread that ends" do
    takers(2) do |threads|
      threads.first.kill.join
      3.times { |number| queue << number }
      expect(Array.new(3) { taken.pop }).to eq(Array.new(3) { |number| [threads.last, number] })
    end
  end

  it "is given operations from many threads at once" do
    takers(4) do
      givers = Array.new(8) { |giver| Thread.new { 200.times { |number| queue << [giver, number] } } }
      givers.each(&:join)
      expect(Array.new(1600) { taken.pop.last }.uniq.size).to eq(1600)
    end
  end
end
