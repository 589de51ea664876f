# frozen_string_literal: true

RSpec.describe EventMachine::Channel do
  subject(:channel) { described_class.new }

  let(:seen) { [] }

  # Runs the block in the reactor, and lets two turns pass.
  def in_reactor
    em do
      yield
      EventMachine.next_tick { EventMachine.next_tick { done } }
    end
  end

  it "hands each message to each subscriber, in the order of subscription" do
    in_reactor do
      channel.subscribe { |message| seen << [:a, message] }
      channel.subscribe { |message| seen << [:b, message] }
      expect(channel.push(1, 2)).to eq([1, 2])
      expect(channel << 3).to eq([3])
      expect(seen).to eq([[:a, 1], [:b, 1], [:a, 2], [:b, 2], [:a, 3], [:b, 3]])
    end
  end

  it "hands nothing out for no message" do
    in_reactor do
      channel.subscribe { |message| seen << message }
      expect(channel.push).to eq([])
    end
    expect(seen).to be_empty
  end

  it "subscribes a method of an object" do
    in_reactor do
      channel.subscribe(seen, :push)
      channel << 1
    end
    expect(seen).to eq([1])
  end

  it "names subscriptions differently, and counts them" do
    in_reactor do
      names = Array.new(3) { channel.subscribe { nil } }
      expect(names.uniq.size).to eq(3)
      expect(channel.num_subscribers).to eq(3)
      channel.unsubscribe(names.first)
      expect(channel.num_subscribers).to eq(2)
    end
  end

  it "hands nothing to those who have unsubscribed" do
    in_reactor do
      callback = seen.method(:push)
      name = channel.subscribe(callback)
      expect(channel.unsubscribe(name)).to equal(callback)
      channel << 1
    end
    expect(seen).to be_empty
  end

  it "ignores an unknown name" do
    in_reactor { expect(channel.unsubscribe(99)).to be_nil }
  end

  it "lets a subscriber unsubscribe while it is called" do
    in_reactor do
      name = channel.subscribe do |message|
        seen << message
        channel.unsubscribe(name)
      end
      channel.push(1, 2)
    end
    expect(seen).to eq([1])
  end

  it "hands the next message, not the one at hand, to those who subscribe meanwhile" do
    in_reactor do
      channel.subscribe do |message|
        channel.subscribe { |later| seen << [message, later] } if message == 1
      end
      channel.push(1, 2)
    end
    expect(seen).to eq([[1, 2]])
  end

  it "hands round a message pushed meanwhile first" do
    in_reactor do
      channel.subscribe { |message| channel << 9 if message == 1 }
      channel.subscribe { |message| seen << message }
      channel.push(1, 2)
    end
    expect(seen).to eq([9, 1, 2])
  end

  it "lets what a subscriber raises through" do
    in_reactor do
      channel.subscribe { raise "no" }
      expect { channel << 1 }.to raise_error("no")
    end
  end

  describe "#pop" do
    it "takes one message" do
      in_reactor do
        expect(channel.pop { |message| seen << message }).to be_a(Integer)
        channel.push(1, 2)
        channel << 3
      end
      expect(seen).to eq([1])
      expect(channel.num_subscribers).to eq(0)
    end

    it "takes one message though another is pushed while it is handed round" do
      in_reactor do
        channel.subscribe { |message| channel << 9 if message == 1 }
        channel.pop { |message| seen << message }
        channel << 1
      end
      expect(seen).to eq([9])
    end

    it "can be taken back" do
      in_reactor do
        channel.unsubscribe(channel.pop { |message| seen << message })
        channel << 1
      end
      expect(seen).to be_empty
    end
  end

  it "names what cannot be called" do
    [nil, 5, "text"].each do |anything|
      expect { channel.subscribe(anything) }.to raise_error(ArgumentError, /#{anything.inspect}/)
      expect { channel.pop(anything) }.to raise_error(ArgumentError, /#{anything.inspect}/)
    end
    expect { channel.subscribe }.to raise_error(ArgumentError)
  end

  context "when used off the reactor's thread" do
    it "hands messages out in the reactor's thread" do
      in_reactor do
        channel.subscribe { |message| seen << [message, EventMachine.reactor_thread?] }
        Thread.new { expect(channel.push(1, 2)).to be_nil }.join
        expect(seen).to be_empty
      end
      expect(seen).to eq([[1, true], [2, true]])
    end

    it "subscribes, pops and unsubscribes on the next turn" do
      in_reactor do
        gone = channel.subscribe { seen << :gone }
        name = Thread.new do
          channel.unsubscribe(gone)
          channel.pop { |message| seen << [:popped, message] }
          channel.subscribe { |message| seen << message }
        end.value
        expect(name).to be_a(Integer)
        expect(channel.num_subscribers).to eq(1)
        EventMachine.next_tick { channel << 1 }
      end
      expect(seen).to contain_exactly(1, [:popped, 1])
    end

    it "waits for the reactor to run" do
      channel.subscribe { |message| seen << message }
      expect(channel.push(1)).to be_nil
      expect(seen).to be_empty
      in_reactor { nil }
      expect(seen).to eq([1])
    end
  end
end
