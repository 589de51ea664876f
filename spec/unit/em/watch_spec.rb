# frozen_string_literal: true

require "fileutils"
require "tmpdir"

# What holds for every watch, of whatever it is.
RSpec.describe EventMachine::Watch do
  # Each makes a watch, and what is to happen to it.
  kinds = {
    "a time" => [->(_, &block) { EventMachine.at(Time.now + 0.002, &block) }, ->(_) {}],
    "times" => [->(_, &block) { EventMachine.every(0.002, &block) }, ->(_) {}],
    "signals" => [
      ->(_, &block) { EventMachine.on_signal("USR2", &block) }, ->(_) { Process.kill("USR2", Process.pid) }
    ],
    "a child" => [
      ->(world, &block) { EventMachine.watch_child(world.pid = Process.spawn("cat", in: world.reader), &block) },
      ->(world) { world.writer.close }
    ],
    "a command" => [
      ->(world, &block) { EventMachine.spawn("cat", in: world.reader, &block).tap { |watch| world.pid = watch.pid } },
      ->(world) { world.writer.close }
    ],
    "a directory" => [
      ->(world, &block) { EventMachine.watch_directory(world.directory, &block) },
      ->(world) { FileUtils.touch(File.join(world.directory, "file")) }
    ],
    "something to read" => [
      ->(world, &block) { EventMachine.wait_readable(world.reader, &block) }, ->(world) { world.writer.write("x") }
    ],
    "room to write" => [->(world, &block) { EventMachine.wait_writable(world.full, &block) }, lambda do |world|
      world.other.readpartial(1 << 20)
    end],
    "idle turns" => [->(_, &block) { EventMachine.on_idle(&block) }, ->(_) {}],
    "turns before their wait" => [->(_, &block) { EventMachine.before_wait(&block) }, ->(_) {}],
    "turns after their wait" => [
      ->(_, &block) { EventMachine.after_wait(&block) },
      ->(_) { EventMachine.next_tick { EventMachine.next_tick { nil } } }
    ],
    "forks" => [->(_, &block) { EventMachine.on_fork(&block) }, nil]
  }

  World = Struct.new(:reader, :writer, :full, :other, :directory, :pid)

  let(:seen) { [] }
  let(:world) { World.new(*IO.pipe, *full_pair, Dir.mktmpdir, nil) }

  after do
    world.first(4).each(&:close)
    FileUtils.rm_r(world.directory)
    begin
      Process.wait(world.pid) if world.pid
    rescue Errno::ECHILD
      nil
    end
  end

  # A socket that takes no more, and its other end.
  def full_pair
    pair = UNIXSocket.pair
    loop { pair.first.write_nonblock("x" * 4096) }
  rescue IO::WaitWritable
    pair
  end

  it "refuses what cannot be called, at once" do
    em do
      [
        -> { EventMachine.at(Time.now, 5) }, -> { EventMachine.every(1, 5) }, -> { EventMachine.on_signal("USR2", 5) },
        -> { EventMachine.watch_child(Process.pid, 5) }, -> { EventMachine.watch_directory(world.directory, 5) },
        -> { EventMachine.wait_readable(world.reader, 1, 5) }, -> { EventMachine.on_idle(5) },
        -> { EventMachine.on_fork(5) }
      ].each { |make| expect(&make).to raise_error(ArgumentError, "nothing to call: 5") }
      expect(state(:@watches)).to be_empty
      expect(trap("USR2", "DEFAULT")).to eq("DEFAULT")
      done
    end
  end

  kinds.each do |kind, (make, cause)|
    describe "of #{kind}" do
      define_method(:start) { |&block| make.call(world, &block) }
      define_method(:happen) { cause.call(world) }

      if cause
        it "calls, and tells fibers the same" do
          values = nil
          em do
            watch = start { |*given| (values ||= given) && nil }
            expect(watch).to be_active
            EventMachine.fiber { [seen << watch.await, watch.cancel, done] }
            happen
          end
          expect(values.size).to be <= 1
          expect(seen.first.class).to be(values.first.class)
        end

        it "lives on when its block raises, if it would otherwise" do
          em do
            EventMachine.error_handler { |error| seen << error.message }
            watch = start { raise "no" }
            EventMachine.fiber { [watch.await, watch.cancel, done] }
            happen
          end
          expect(seen.uniq).to eq(["no"])
        end

        it "is kept, though nobody refers to it" do
          em do
            start do
              EventMachine.instance_variable_get(:@watches).each_key(&:cancel)
              done unless seen.any?
              seen << :called
            end
            GC.start
            happen
          end
          expect(seen.size).to eq(1)
        end

        it "may be cancelled by its block" do
          em do
            watch = start do
              watch&.cancel
              seen << :called
              EventMachine.add_timer(0.005) { done }
            end
            happen
          end
          expect(seen).to eq([:called])
        end

        it "goes on when the program closes all connections that it finds" do
          em do
            watch = start do
              watch.cancel
              done
              seen << :called
            end
            state(:@conns).each_value(&:close_connection)
            EventMachine.add_timer(0.005) { happen }
          end
          expect(seen).to eq([:called])
        end

        it "may be made and cancelled in another thread" do
          em do
            Thread.new do
              watch = start { seen << :called }
              happen
              sleep 0.001 until seen.any?
              watch.cancel
              EventMachine.next_tick { done }
            end
          end
          expect(seen).not_to be_empty
        end
      end

      it "is told to end, by who cancels it, to fibers too" do
        em do
          watch = start { seen << :called }
          EventMachine.fiber do
            watch.await
          rescue EventMachine::Failed
            seen << :cancelled
            done
          end
          expect(watch.inspect).to eq("#<#{watch.class} active>")
          expect([watch.active?, watch.cancel, watch.cancel, watch.active?]).to eq([true, true, false, false])
          expect("#{watch}").to eq("#<#{watch.class} ended>")
        end
        expect(seen).to eq([:cancelled])
      end

      it "ends with the loop" do
        watch = nil
        em { (watch = start { nil }) && done }
        expect(watch).not_to be_active
        expect(watch.cancel).to be(false)
        expect(state(:@watches)).to be_empty
        expect(state(:@hooks)).to be_empty
      end

      it "is cancelled while what it has among the connections ends" do
        em do
          watch = start { seen << :called }
          state(:@conns).each_value(&:close_connection)
          EventMachine.next_tick { EventMachine.next_tick { watch.cancel && done } }
        end
        expect(seen).to be_empty.or all(eq(:called))
      end

      it "leaves nothing of the system's to the end of the loop" do
        handler = trap("USR2", "IGNORE")
        world
        expect { em { start { nil } && done }.then { em { done } } }.not_to leak_descriptors
        expect(trap("USR2", handler)).to eq("IGNORE")
      end

      it "leaves no fiber waiting that was cancelled, or waited too long" do
        em do
          watch = start { nil }
          EventMachine.fiber do
            expect { watch.await(0) }.to raise_error(Timeout::Error)
            waiting = EventMachine.fiber { watch.await }
            waiting.cancel
            expect { waiting.await }.to raise_error(EventMachine::TaskCancelled)
            expect(watch.instance_variable_get(:@arrivals).to_a).to be_empty
            done
          end
        end
      end

      it "needs a running reactor" do
        expect { start { nil } }.to raise_error(RuntimeError, /not initialized/)
      end
    end
  end
end
