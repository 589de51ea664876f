# frozen_string_literal: true

RSpec.describe EventMachine::SpawnedProcess do
  # A local variable, since the blocks are called with another self.
  seen = []

  before { seen.clear }

  # Runs the block in the reactor, and lets some turns pass.
  def in_reactor(turns = 4)
    wait = ->(left) { left.zero? ? done : EventMachine.next_tick { wait.call(left - 1) } }
    em do
      yield
      wait.call(turns)
    end
  end

  it "is what EventMachine.spawn returns" do
    expect(EventMachine.spawn { nil }).to be_a(described_class)
  end

  it "calls its block on the next turn, for each notification, with the arguments" do
    in_reactor do
      process = EventMachine.spawn { |*args| seen << args }
      expect(process.notify(1, 2)).to be_nil
      process.notify
      expect(seen).to be_empty
    end
    expect(seen).to eq([[1, 2], []])
  end

  it "passes keywords on" do
    in_reactor { EventMachine.spawn { |by:| seen << by }.notify(by: 3) }
    expect(seen).to eq([3])
  end

  it "answers to resume and run as well" do
    in_reactor do
      process = EventMachine.spawn { |name| seen << name }
      process.resume(:resume)
      process.run(:run)
    end
    expect(seen).to eq(%i[resume run])
  end

  it "is the self of its block, and can notify itself" do
    in_reactor do
      process = EventMachine.spawn do |count|
        notify(count - 1) if count.positive?
        EventMachine.stop if count.zero?
        raise "another object" unless equal?(process)
      end
      process.notify(3)
      seen << :returned
    end
    expect(seen).to eq([:returned])
  end

  it "keeps its instance variables from call to call" do
    in_reactor do
      process = EventMachine.spawn { seen << (@count = @count.to_i + 1) }
      2.times { process.notify }
    end
    expect(seen).to eq([1, 2])
  end

  it "interleaves several processes in the order of notification" do
    in_reactor do
      first = EventMachine.spawn { seen << :first }
      second = EventMachine.spawn { seen << :second }
      [first, second, first].each(&:notify)
    end
    expect(seen).to eq(%i[first second first])
  end

  it "plays ping pong" do
    pongs = 0
    em do
      pong = EventMachine.spawn do |number, ping|
        pongs += 1
        ping.notify(number - 1)
      end
      ping = EventMachine.spawn do |number|
        number.positive? ? pong.notify(number, self) : EventMachine.stop
      end
      ping.notify(3)
    end
    expect(pongs).to eq(3)
  end

  it "can be notified by any thread" do
    in_reactor do
      process = EventMachine.spawn { |value| seen << [value, EventMachine.reactor_thread?] }
      Thread.new { process.notify(1) }.join
    end
    expect(seen).to eq([[1, true]])
  end

  it "can be notified before the reactor runs" do
    EventMachine.spawn { seen << :called }.notify
    in_reactor { nil }
    expect(seen).to eq([:called])
  end

  it "takes the block's word for the number of arguments" do
    expect { in_reactor { EventMachine.spawn { |_, _| nil }.notify(1) } }
      .to raise_error(ArgumentError, /given 1, expected 2/)
  end

  it "lets what its block raises through" do
    expect { in_reactor { EventMachine.spawn { raise "no" }.notify } }.to raise_error("no")
  end

  describe "#set_receiver" do
    it "replaces the block by a block or method" do
      in_reactor do
        process = EventMachine.spawn { seen << :old }
        process.set_receiver(-> { seen << :new })
        process.notify
      end
      expect(seen).to eq([:new])
    end

    it "refuses anything else" do
      process = described_class.new
      [nil, 5, "text"].each do |anything|
        expect { process.set_receiver(anything) }.to raise_error(TypeError, /#{anything.class}/)
      end
      expect { EventMachine.spawn }.to raise_error(TypeError, /NilClass/)
    end

    it "is needed before a notification" do
      expect { in_reactor { described_class.new.notify } }.to raise_error(NoMethodError, /call/)
    end
  end

  describe "EventMachine.yield" do
    it "gives the block for the notifications to come" do
      in_reactor do
        process = EventMachine.spawn do |first|
          seen << [:first, first]
          EventMachine.yield { |second| seen << [:second, second] }
        end
        [1, 2, 3].each { |value| process.notify(value) }
      end
      expect(seen).to eq([[:first, 1], [:second, 2], [:second, 3]])
    end

    it "can be nested" do
      in_reactor do
        process = EventMachine.spawn do
          seen << 1
          EventMachine.yield do
            seen << 2
            EventMachine.yield { seen << 3 }
          end
        end
        3.times { process.notify }
      end
      expect(seen).to eq([1, 2, 3])
    end

    it "needs a block" do
      expect { in_reactor { EventMachine.spawn { EventMachine.yield }.notify } }.to raise_error(TypeError)
    end
  end

  describe "EventMachine.yield_and_notify" do
    it "notifies the process as well, without arguments" do
      in_reactor do
        process = EventMachine.spawn do
          seen << 1
          EventMachine.yield_and_notify do |*args|
            seen << args
            EventMachine.yield_and_notify { EventMachine.stop }
          end
        end
        process.notify
        expect(seen).to be_empty
      end
      expect(seen).to eq([1, []])
    end

    it "lets a turn pass" do
      in_reactor do
        EventMachine.spawn { (seen << :first) && EventMachine.yield_and_notify { seen << :second } }.notify
        EventMachine.next_tick { seen << :between }
      end
      expect(seen).to eq(%i[first between second])
    end
  end
end

RSpec.describe EventMachine::YieldBlockFromSpawnedProcess do
  it "holds the block, and whether to notify" do
    block = proc {}
    expect(EventMachine.yield(&block).pull_out_yield_block).to eq([block, false])
    expect(EventMachine.yield_and_notify(&block).pull_out_yield_block).to eq([block, true])
    expect(described_class.new(block, :anything).pull_out_yield_block).to eq([block, :anything])
  end
end
