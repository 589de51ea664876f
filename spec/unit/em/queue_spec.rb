# frozen_string_literal: true

RSpec.describe EventMachine::Queue do
  subject(:queue) { described_class.new }

  let(:seen) { [] }

  def in_reactor
    em do
      yield
      EventMachine.next_tick { done }
    end
  end

  it "hands items out first in, first out" do
    in_reactor do
      expect(queue.push(1, 2)).to be_nil
      expect(queue << 3).to be_nil
      3.times { expect(queue.pop { |item| seen << item }).to be_nil }
      expect(seen).to eq([1, 2, 3])
    end
  end

  it "serves those who wait first come, first served" do
    in_reactor do
      queue.pop { |item| seen << [:a, item] }
      queue.pop { |item| seen << [:b, item] }
      expect(queue.num_waiting).to eq(2)
      queue.push(1, 2, 3)
      expect(seen).to eq([[:a, 1], [:b, 2]])
      expect(queue.num_waiting).to eq(0)
      expect(queue.size).to eq(1)
    end
  end

  it "tells its size" do
    in_reactor do
      expect(queue).to be_empty
      queue.push(1, nil)
      expect(queue.size).to eq(2)
      expect(queue).not_to be_empty
    end
  end

  it "hands out nil and false like anything else" do
    in_reactor do
      queue.push(nil, false)
      2.times { queue.pop { |item| seen << item } }
    end
    expect(seen).to eq([nil, false])
  end

  it "pushes nothing" do
    in_reactor { queue.push }
    expect(queue).to be_empty
  end

  it "pops at once within a callback" do
    in_reactor do
      queue.push(1, 2, 3)
      queue.pop do |first|
        queue.pop { |second| seen << second }
        seen << first
      end
    end
    expect(seen).to eq([2, 1])
    expect(queue.size).to eq(1)
  end

  it "bears any number of pops within each other" do
    take = lambda do |item|
      seen << item
      item == 50_000 ? done : queue.pop(take)
    end
    em do
      queue.push(*1..50_000)
      queue.pop(take)
    end
    expect(seen).to eq([*1..50_000])
  end

  it "goes on when fibers are left in the middle of callbacks" do
    em do
      reactor = Fiber.current
      queue.push(*1..500)
      500.times do
        fiber = Fiber.new do
          queue.pop do |item|
            seen << item
            Fiber.yield unless Fiber.current.equal?(reactor)
          end
        end
        fiber.resume
      end
      EventMachine.next_tick { EventMachine.next_tick { done } }
    end
    expect(seen).to eq([*1..500])
  end

  it "keeps the items and those who wait when a callback raises" do
    in_reactor do
      queue.pop { raise "no" }
      queue.pop { |item| seen << item }
      expect { queue.push(1, 2, 3) }.to raise_error("no")
      expect([queue.size, queue.num_waiting]).to eq([2, 1])
      queue.push(4)
    end
    expect(seen).to eq([2])
    expect(queue.size).to eq(2)
  end

  it "takes time that does not grow with its length", time_limit: 10 do
    in_reactor do
      queue.push(*0...200_000)
      200_000.times do |number|
        queue.push(number)
        queue.pop { |item| seen << item if item != number }
      end
    end
    expect(seen).to be_empty
    expect(queue.size).to eq(200_000)
  end

  it "names what cannot be called" do
    [nil, 5, "text"].each do |anything|
      expect { queue.pop(anything) }.to raise_error(ArgumentError, /#{anything.inspect}/)
    end
    expect { queue.pop }.to raise_error(ArgumentError)
  end

  context "when used off the reactor's thread" do
    it "pushes on the next turn" do
      in_reactor do
        Thread.new { queue.push(1, 2) }.join
        expect(queue).to be_empty
      end
      expect(queue.size).to eq(2)
    end

    it "calls back in the reactor's thread" do
      in_reactor do
        queue.push(1)
        Thread.new { queue.pop { |item| seen << [item, EventMachine.reactor_thread?] } }.join
        expect(seen).to be_empty
      end
      expect(seen).to eq([[1, true]])
    end

    it "waits for the reactor to run" do
      queue.push(1)
      queue.pop { |item| seen << item }
      expect(seen).to be_empty
      in_reactor { nil }
      expect(seen).to eq([1])
    end

    it "loses nothing that many threads push" do
      in_reactor do
        Array.new(4) { |thread| Thread.new { 100.times { |number| queue << [thread, number] } } }.each(&:join)
      end
      expect(queue.size).to eq(400)
    end
  end
end
