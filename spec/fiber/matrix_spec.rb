# frozen_string_literal: true

require "monitor"
require "socket"
require "timeout"

# Each kind of wait, ended in each way: the fiber gets what it is to get, and nothing is left.
RSpec.describe "A wait" do
  waits = {
    "to read" => ->(ends) { ends.reader.read(1) },
    "to write" => ->(ends) { ends.writer.write("x" * 1_000_000) },
    "to accept" => ->(ends) { ends.server.accept },
    "for io_wait" => ->(ends) { ends.reader.wait_readable },
    "for IO.select" => ->(ends) { IO.select([ends.reader]) }, # rubocop:disable Lint/IncompatibleIoSelectWithFiberScheduler
    "to sleep" => ->(_) { sleep },
    "for a queue" => ->(_) { Thread::Queue.new.pop },
    "for a full queue" => ->(_) { Thread::SizedQueue.new(1).push(1).push(2) },
    "for a mutex" => ->(_) {
                       Mutex.new.tap { |mutex|
                         EventMachine.fiber {
                           mutex.lock
                           sleep
                         }
                       }.lock
                     },
    "for a monitor's signal" => ->(_) { Monitor.new.then { |monitor| monitor.synchronize { monitor.new_cond.wait } } },
    "for a thread" => ->(_) { Thread.new { sleep }.tap { |thread| (@threads ||= []) << thread }.join },
    "for a process" => ->(_) { system("sleep 3") },
    "for what a process writes" => ->(_) { `sleep 3` },
    "for a Deferrable" => ->(_) { EventMachine::DefaultDeferrable.new.await },
    "for the first of some" => ->(_) { EventMachine.race(EventMachine::DefaultDeferrable.new) },
    "for a group" => ->(_) { EventMachine.group { |group| group.fiber { sleep } } },
    "for an EM::Queue" => ->(_) { EventMachine::Queue.new.take },
    "for an EM::Channel" => ->(_) { EventMachine::Channel.new.each { nil } },
    "in a nested fiber" => ->(ends) { Fiber.new { ends.reader.read(1) }.resume }
  }
  # Ruby itself loses the mutex there: see docs/fibers.md.
  waits.delete("for a monitor's signal") if RUBY_VERSION < "3.3"
  closable = { "to read" => :reader, "to write" => :writer, "to accept" => :server, "for io_wait" => :reader,
               "for IO.select" => :reader, "in a nested fiber" => :reader }

  kind = Struct.new(:reader, :writer, :server) do
    def close
      each { |io| io.close unless io.closed? }
    end
  end

  define_method(:with_ends) do |&block|
    made = kind.new(*IO.pipe, TCPServer.new("127.0.0.1", 0))
    block.call(made)
  ensure
    made.close
  end

  # Begins the wait in a task, has it ended by the block, and returns what the task came to.
  def ended(wait)
    in_fiber do
      with_ends do |ends|
        outcome = nil
        task = EventMachine.fiber do
          outcome = wait.call(ends)
        rescue Exception => error
          outcome = error.class
        end
        settle
        yield task, ends
        settle(5)
        (EventMachine.tasks - [EventMachine::Task.current]).each(&:cancel)
        settle(5)
        expect_nothing_left
        outcome
      end
    end
  end

  waits.each do |name, wait|
    describe name do
      it "is ended by cancel" do
        expect(ended(wait) { |task| task.cancel }).to eq(EventMachine::Cancelled)
      end

      it "is ended by Fiber#raise" do
        expect(ended(wait) { |task| task.fiber.raise(KeyError) }).to eq(KeyError)
      end

      it "is ended by a timeout" do
        limited = ->(ends) { Timeout.timeout(0.001) { wait.call(ends) } }
        expect(ended(limited) { sleep 0.01 }).to eq(Timeout::Error)
      end

      it "is ended by EM.stop" do
        outcome = nil
        with_ends do |ends|
          em do
            EventMachine.fiber do
              wait.call(ends)
            rescue Exception => error
              outcome = error.class
              raise
            end
            EventMachine.next_tick { done }
          end
        end
        expect(outcome).to eq(EventMachine::Cancelled)
      end

      it "is not ended by a fork, nor is the child's" do
        outcome = ended(wait) do |task|
          Process.wait(fork { exit!(EventMachine.tasks.empty? ? 0 : 1) })
          expect($?).to be_success
          task.cancel
        end
        expect(outcome).to eq(EventMachine::Cancelled)
      end

      next unless (closed = closable[name])

      it "is ended by close" do
        expect(ended(wait) { |_, ends| ends[closed].close }).to eq(IOError)
      end
    end
  end
end
