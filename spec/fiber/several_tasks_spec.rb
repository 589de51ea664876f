# frozen_string_literal: true

RSpec.describe "Waiting for several tasks" do
  def deferrable
    EventMachine::DefaultDeferrable.new
  end

  describe "EventMachine.gather" do
    it "gives all values in order, none for none" do
      got = in_fiber do
        [EventMachine.gather(fiber {
                               sleep 0.002
                               1
                             }, Thread.new { 2 }, deferrable.tap { |d| d.succeed(3, 4) }),
         EventMachine.gather]
      end
      expect(got).to eq([[1, 2, [3, 4]], []])
    end

    it "raises the first failure and cancels the other tasks" do
      got = in_fiber do
        other = fiber { sleep }
        error = begin
          EventMachine.gather(other, fiber {
                                       sleep 0
                                       raise "first"
                                     })
        rescue RuntimeError => raised
          raised.message
        end
        settle
        [error, other.status]
      end
      expect(got).to eq(["first", :cancelled])
    end
  end

  describe "EventMachine.race" do
    it "gives the first value and cancels the other tasks" do
      got = in_fiber do
        slow = fiber { sleep }
        value = EventMachine.race(slow, fiber {
                                          sleep 0
                                          :fast
                                        })
        settle
        [value, slow.status]
      end
      expect(got).to eq(%i[fast cancelled])
    end

    it "is refused for nothing" do
      expect { in_fiber { EventMachine.race } }.to raise_error(ArgumentError, "nothing to wait for")
    end
  end

  describe "EventMachine.group" do
    it "returns when all tasks have ended, those too that come meanwhile" do
      got = in_fiber do
        EventMachine.group do |group|
          group.fiber {
            sleep 0.002
            group.fiber {
              sleep 0.002
              :late
            }
            :first
          }
          group.fiber { :second }
        end
      end
      expect(got).to eq(%i[first second late])
    end

    it "cancels the others where one fails, and raises that when all have ended" do
      got = in_fiber do
        events = []
        begin
          EventMachine.group do |group|
            group.fiber { sleep }
            group.fiber {
              begin
                sleep
              ensure
                sleep 0.002
                events << :cleaned
              end
            }
            group.fiber {
              sleep 0.001
              raise "one"
            }
          end
        rescue RuntimeError => error
          events << error.message
        end
        settle
        events + [EventMachine.tasks.size]
      end
      expect(got).to eq([:cleaned, "one", 1])
    end

    it "cancels the tasks where the block fails, or its own task is cancelled" do
      got = in_fiber do
        events = []
        begin
          EventMachine.group { |group|
            group.fiber {
              begin
                sleep
              ensure
                events << :one
              end
            }
            raise "block"
          }
        rescue RuntimeError => error
          events << error.message
        end
        outer = fiber { EventMachine.group { |group| group.fiber { begin; sleep; ensure; events << :two; end } } }
        settle
        outer.cancel
        settle(6)
        events << outer.status
      end
      expect(got).to eq([:one, "block", :two, :cancelled])
    end
  end
end
