# frozen_string_literal: true

require "timeout"

RSpec.describe "Cancelled tasks" do
  describe "EventMachine::Task#cancel" do
    it "raises where the task waits, runs ensure, and is no failure of the task's own" do
      got = in_fiber do
        events = []
        task = fiber do
          sleep
        rescue StandardError
          events << :rescued
        ensure
          sleep 0.001
          events << :ensured
        end
        events << task.cancel("enough")
        begin
          task.await
        rescue EventMachine::TaskCancelled => error
          events << error.message
        end
        events << task.status << task.cancel
      end
      expect(got).to eq([true, :ensured, "enough", :cancelled, false])
    end

    it "raises at the next wait of a task that does not wait" do
      got = in_fiber do
        events = []
        task = fiber { |me|
          me.cancel
          events << :on
          sleep 1
          events << :not
        }
        settle
        events << task.status
      end
      expect(got).to eq(%i[on cancelled])
    end

    # Ruby 3.4 has operations wait so, and what they work on is on the stack of the fiber.
    it "goes on only when the operation has ended that the task has a thread do" do
      threads = []
      got = in_fiber do
        operation = -> { threads << Thread.current && sleep }
        task = fiber { Fiber.scheduler.blocking_operation_wait(operation) }
        sleep(0) until threads.any?
        task.cancel
        [raised { task.await }.class, threads.first.alive?]
      end
      expect(got).to eq([EventMachine::TaskCancelled, false])
    end

    it "ends a task that has not started" do
      ran = false
      task = fiber { ran = true }
      expect([task.cancel, task.status]).to eq([true, :cancelled])
      em { EventMachine.add_timer(0.01) { done } }
      expect(ran).to be(false)
    end

    it "raises again, where it is called again" do
      got = in_fiber do
        events = []
        task = fiber { begin; sleep; ensure; begin; sleep; ensure; events << :inner; end; end }
        2.times {
          task.cancel
          settle
        }
        events << task.status
      end
      expect(got).to eq(%i[inner cancelled])
    end

    it "may be called from a thread" do
      got = in_fiber do
        task = fiber { sleep }
        Thread.new { task.cancel }.join
        settle
        task.status
      end
      expect(got).to eq(:cancelled)
    end

    it "waits for a shield, as timeouts do that were set outside" do
      got = in_fiber do
        events = []
        shielded = Thread::Queue.new
        task = fiber do
          begin
            Timeout.timeout(0.001) do
              EventMachine.shield {
                sleep 0.005
                events << :shielded
              }
              events << :not
            end
          rescue Timeout::Error
            events << :late
          end
          EventMachine.shield {
            shielded << true
            sleep 0.002
            events << :whole
          }
          events << :not
        end
        shielded.pop
        task.cancel
        events << raised { task.await }.class
        expect_nothing_left
        events
      end
      expect(got).to eq([:shielded, :late, :whole, EventMachine::TaskCancelled])
    end

    it "lets a timeout inside of a shield come" do
      got = in_fiber { EventMachine.shield { raised { Timeout.timeout(0.001) { sleep 1 } }.class } }
      expect(got).to eq(Timeout::Error)
    end
  end
end
