# frozen_string_literal: true

# What is left to chance where nobody looks: things that are awaited in the wrong place, that end in an odd way, or
# that begin when all ends.
RSpec.describe "Fibers at the edge" do
  let(:seen) { [] }

  def kept_by(deferrable)
    %i[@callbacks @errbacks].sum { |list| deferrable.instance_variable_get(list).to_a.size }
  end

  describe "EventMachine.gather and race" do
    %i[gather race].each do |name|
      it "refuse the task itself, by #{name}, which goes on" do
        in_fiber do |task|
          expect { EventMachine.public_send(name, EventMachine::DefaultDeferrable.new, task) }
            .to raise_error(FiberError, "a task cannot wait for itself")
          sleep 0
        end
      end

      it "start nothing, by #{name}, where one of them cannot be waited for" do
        in_fiber do
          deferrable = EventMachine::DefaultDeferrable.new
          expect { EventMachine.public_send(name, deferrable, Thread.current, 5) }.to raise_error(TypeError, /5/)
          expect([kept_by(deferrable), EventMachine.tasks.size]).to eq([0, 1])
        end
      end
    end

    it "leave nothing with what they need no more, be it a Deferrable or a thread" do
      in_fiber do
        stop = EventMachine::DefaultDeferrable.new
        endless = Thread.new { sleep }
        3.times do
          expect(EventMachine.race(stop, endless, EventMachine.fiber { sleep(0) && 1 })).to eq(1)
          failing = EventMachine.fiber { sleep(0) && raise("no") }
          expect { EventMachine.gather(stop, endless, failing) }.to raise_error("no")
          expect { EventMachine.await(EventMachine.fiber { EventMachine.gather(stop, endless) }, 0) }
            .to raise_error(Timeout::Error)
          EventMachine.tasks.last.cancel
          settle
        end
        expect([kept_by(stop), EventMachine.tasks.size]).to eq([0, 1])
        endless.kill
      end
    end

    it "take the first of several that have come already" do
      in_fiber do
        one, two = [1, 2].map { |n| EventMachine::DefaultDeferrable.new.tap { |deferrable| deferrable.succeed(n) } }
        no, never = %w[no never].map { |why| EventMachine::DefaultDeferrable.new.tap { |it| it.fail(why) } }
        expect(EventMachine.race(one, two, no)).to eq(1)
        expect { EventMachine.race(no, never, one) }.to raise_error(EventMachine::Failed, 'failed with "no"')
        expect { EventMachine.gather(one, no, never) }.to raise_error(EventMachine::Failed, 'failed with "no"')
      end
    end
  end

  it "say so where something has failed for no reason" do
    in_fiber do
      failed = EventMachine::DefaultDeferrable.new.tap(&:fail)
      expect { failed.await }.to raise_error(EventMachine::Failed, "failed without a reason")
    end
  end

  it "name the method that was called in a callback" do
    em do
      expect { EventMachine::Queue.new.take }.to raise_error(EventMachine::NotInFiber, /\AEventMachine::Queue#take /)
      expect { EventMachine.gather }.to raise_error(EventMachine::NotInFiber, /\AEventMachine\.gather /)
      done
    end
  end

  describe "EventMachine.offload" do
    it "raises where the block ends its thread, in the pool and elsewhere" do
      ended = -> { EventMachine.offload { Thread.current.kill } }
      in_fiber { expect(&ended).to raise_error(ThreadError, "the block has ended its thread") }
      expect { standalone(&ended) }.to raise_error(ThreadError, "the block has ended its thread")
    end

    it "goes on in another thread when the loop ends" do
      value = nil
      thread = nil
      begun = Thread::Queue.new
      goes_on = Thread::Queue.new
      em do
        thread = Thread.new do
          value = standalone { EventMachine.offload { begun << goes_on.pop } && :done }
        end
        EventMachine.defer { goes_on.push(1) && begun.pop && EventMachine.next_tick { done } }
      end
      expect(thread.join(5)).to be(thread)
      expect(value).to eq(:done)
    end
  end

  describe "EventMachine.group" do
    it "starts no task for a group that has ended" do
      in_fiber do
        group = nil
        EventMachine.group { |given| group = given }
        expect { group.fiber { nil } }.to raise_error(RuntimeError, /\Athe group has ended/)
      end
    end

    it "cancels those too that others start in their ensure" do
      in_fiber do
        start = lambda do |group|
          sleep
        ensure
          group.fiber { sleep }.errback { seen << :cancelled }
        end
        expect { EventMachine.group { |group| [group.fiber { start.call(group) }, raise("no")] } }.to raise_error("no")
        failing = lambda do |group|
          group.fiber { start.call(group) }
          group.fiber { raise "neither" }
        end
        expect { EventMachine.group(&failing) }.to raise_error("neither")
        expect(seen).to eq(%i[cancelled cancelled])
      end
    end
  end

  it "pass on a StopIteration of a block of Channel#each" do
    in_fiber do
      channel = EventMachine::Channel.new
      task = EventMachine.fiber { channel.each { |message| raise StopIteration if message.nil? } }
      channel.push(1, nil)
      expect { task.await }.to raise_error(StopIteration)
      expect(channel.num_subscribers).to eq(0)
    end
  end

  describe "that begin when the loop ends" do
    # The garbage collector would close the other one.
    let(:ends) { UNIXSocket.pair }

    # A task that tells how far it comes.
    def begin_task
      EventMachine.fiber do
        seen << :begun
        sleep 0.001
        seen << :slept
      rescue EventMachine::Cancelled
        sleep 0.001
        seen << :slept_again
      ensure
        seen << :ended
      end
    end

    # Expects that nothing is left, and that the next loop has fibers.
    def expect_whole
      expect([Fiber.scheduler, EventMachine.tasks]).to eq([nil, []])
      expect(in_fiber { sleep(0) && :next }).to eq(:next)
    end

    it "in a shutdown hook, are cancelled, and may wait for a while" do
      em do
        EventMachine.add_shutdown_hook { begin_task }
        done
      end
      expect(seen).to eq(%i[begun slept_again ended])
      expect_whole
    end

    it "in unbind, end where they would wait" do
      start = method(:begin_task)
      log = seen
      handler = Module.new { define_method(:unbind) { |*| [start.call, EventMachine.fiber { log << :short }] } }
      em do
        EventMachine.attach(ends.first, handler)
        done
      end
      expect(seen).to eq(%i[begun ended short])
      expect_whole
    end

    it "in unbind, are warned of where they do not end" do
      stubborn = Module.new do
        define_method(:unbind) do |*|
          EventMachine.fiber("stubborn") do
            sleep
          rescue EventMachine::Cancelled
            retry
          end
        end
      end
      run = lambda do
        em do
          EventMachine.attach(ends.first, stubborn)
          done
        end
      end
      expect(&run).to output(/task stubborn did not end/).to_stderr
      expect_whole
    end
  end

  it "of another thread's scheduler are not those of the loop" do
    thread = nil
    goes_on = Thread::Queue.new
    begun = Thread::Queue.new
    em do
      EventMachine.fiber { sleep }
      thread = Thread.new do
        standalone do
          EventMachine.await(EventMachine.fiber("other") { begun << 1 && goes_on.pop && EventMachine::Task.current })
        end
      end
      EventMachine.defer(-> { begun.pop }, ->(_) { done })
    end
    expect(EventMachine.tasks.map(&:name)).to eq(["other"])
    goes_on << 1
    expect(thread.value.name).to eq("other")
  end
end
