# frozen_string_literal: true

require "timeout"

# Each kind of wait, ended in each way: the fiber gets what it is to get, and nothing is left.
RSpec.describe "A wait" do
  waits = {
    "to read" => ->(io) { io.read(1) },
    "for io_wait" => ->(io) { io.wait_readable },
    "for IO.select" => ->(io) { IO.select([io]) }, # rubocop:disable Lint/IncompatibleIoSelectWithFiberScheduler
    "to sleep" => ->(_) { sleep },
    "for a queue" => ->(_) { Thread::Queue.new.pop },
    "for a mutex" => ->(_) {
                       Mutex.new.tap { |mutex|
                         EventMachine.fiber {
                           mutex.lock
                           sleep
                         }
                       }.lock
                     },
    "for a thread" => ->(_) { Thread.new { sleep }.tap { |thread| (@threads ||= []) << thread }.join },
    "for a process" => ->(_) { system("sleep 3") },
    "for a Deferrable" => ->(_) { EventMachine::DefaultDeferrable.new.await },
    "for an EM::Queue" => ->(_) { EventMachine::Queue.new.take },
    "in a nested fiber" => ->(io) { Fiber.new { io.read(1) }.resume }
  }
  closable = ["to read", "for io_wait", "for IO.select", "in a nested fiber"]

  # Begins the wait in a task, has it ended by the block, and returns what the task came to.
  def ended(wait)
    in_fiber do
      reader, writer = IO.pipe
      outcome = nil
      task = EventMachine.fiber do
        outcome = wait.call(reader)
      rescue Exception => error
        outcome = error.class
      end
      settle
      yield task, reader
      settle(5)
      (EventMachine.tasks - [EventMachine::Task.current]).each(&:cancel)
      settle(5)
      expect_nothing_left
      [reader, writer].each { |io| io.close unless io.closed? }
      outcome
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
        limited = ->(io) { Timeout.timeout(0.001) { wait.call(io) } }
        expect(ended(limited) { sleep 0.01 }).to eq(Timeout::Error)
      end

      it "is ended by EM.stop" do
        outcome = nil
        reader, = IO.pipe
        em do
          EventMachine.fiber do
            wait.call(reader)
          rescue Exception => error
            outcome = error.class
            raise
          end
          EventMachine.add_timer(0.005) { done }
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

      next unless closable.include?(name)

      it "is ended by close" do
        expect(ended(wait) { |_, reader| reader.close }).to eq(IOError)
      end
    end
  end
end
