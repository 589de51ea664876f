# frozen_string_literal: true

RSpec.describe EventMachine::ThreadedResource do
  subject(:resource) { described_class.new { list } }

  let(:list) { [] }
  let(:seen) { [] }

  after { resource.shutdown }

  it "makes the resource at once, in the calling thread" do
    main = Thread.current
    other = described_class.new { seen << Thread.current.equal?(main) }
    expect(seen).to eq([true])
    other.shutdown
  end

  it "needs a block" do
    expect { described_class.new }.to raise_error(LocalJumpError)
  end

  it "lets through what the block raises" do
    expect { described_class.new { raise "no" } }.to raise_error("no")
  end

  it "does work in a thread of its own, and calls back in the reactor's" do
    em do
      completion = resource.dispatch { |object| [object.equal?(list), EventMachine.reactor_thread?] }
      expect(completion).to be_a(EventMachine::Completion)
      completion.callback do |result|
        expect(result).to eq([true, false])
        expect(EventMachine.reactor_thread?).to be(true)
        done
      end
    end
  end

  it "does the work in order, in one thread" do
    em do
      completions = Array.new(5) do |number|
        resource.dispatch { |object| object << [number, Thread.current] }
      end
      completions.last.callback { done }
    end
    expect(list.map(&:first)).to eq([0, 1, 2, 3, 4])
    expect(list.map(&:last).uniq.size).to eq(1)
  end

  it "fails with what the work raises, of whatever class, and goes on" do
    em do
      resource.dispatch { raise "no" }.errback { |error| seen << error }
      resource.dispatch { raise NotImplementedError, "not yet" }.errback { |error| seen << error }
      resource.dispatch.errback { |error| seen << error }
      resource.dispatch { :result }.callback { |result| (seen << result) && done }
    end
    expect(seen.map(&:class)).to eq([RuntimeError, NotImplementedError, LocalJumpError, Symbol])
    expect(seen.first.message).to eq("no")
  end

  it "does work that was given before the reactor runs" do
    completion = resource.dispatch { :result }
    em { completion.callback { |result| (seen << result) && done } }
    expect(seen).to eq([:result])
  end

  describe "#shutdown" do
    it "ends the thread, more than once" do
      thread = resource.shutdown
      expect(thread).not_to be_alive
      expect(resource.shutdown).to equal(thread)
    end

    it "finishes the work at hand, and fails what waits and what comes" do
      begun = Queue.new
      go_on = Queue.new
      em do
        resource.dispatch { begun.push(:begun) && go_on.pop }.callback { |result| seen << result }
        resource.dispatch { list << :never }.errback { |error| seen << error.message }
        begun.pop
        Thread.new do
          wait_until { resource.instance_variable_get(:@queue).closed? }
          go_on.push(:done)
        end
        resource.shutdown
        resource.dispatch { list << :never }.errback { |error| (seen << error.message) && done }
      end
      expect(list).to be_empty
      expect(seen.size).to eq(3)
      expect(seen).to include(:done)
      expect(seen.grep(/shut down/).size).to eq(2)
    end

    it "may be called by the work itself" do
      em { resource.dispatch { resource.shutdown }.callback { |thread| (seen << thread) && done } }
      expect(seen.first).to be_a(Thread)
      expect(seen.first.join(5)).not_to be_alive
    end
  end

  it "works in a forked child" do
    output, status = run_ruby(<<~'RUBY')
      resource = EM::ThreadedResource.new { :resource }
      pid = fork do
        EM.run do
          resource.dispatch { |object| object }.callback { |result| print result; EM.stop }
        end
      end
      Process.wait(pid)
    RUBY
    expect(status).to be_success
    expect(output).to eq("resource")
  end
end
