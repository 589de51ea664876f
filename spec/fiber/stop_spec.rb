# frozen_string_literal: true

RSpec.describe "The end of the reactor and fibers" do
  around do |example|
    grace = EventMachine.fiber_grace
    example.run
  ensure
    EventMachine.fiber_grace = grace
  end

  it "has ensure run, which may wait, before shutdown hooks and unbinds" do
    order = []
    connection = Class.new(EventMachine::Connection) { define_method(:unbind) { order << :unbind } }
    em do
      EventMachine.add_shutdown_hook { order << :hook }
      EventMachine.attach(kept(UNIXSocket.pair).first, connection)
      fiber {
        begin
          sleep
        ensure
          sleep 0.005
          order << :slept
        end
      }
      fiber { begin; kept(IO.pipe).first.read; ensure; order << :read; end }
      done
    end
    expect(order).to eq(%i[read slept hook unbind])
  end

  it "lets ensure use connections and timers" do
    got = nil
    em do
      fiber do
        sleep
      ensure
        answer = EventMachine::DefaultDeferrable.new
        EventMachine.add_timer(0.001) { answer.succeed(EventMachine.stopping?) }
        got = answer.await
      end
      done
    end
    expect(got).to be(true)
  end

  it "ends tasks that tasks start meanwhile" do
    ended = []
    em do
      fiber { begin; sleep; ensure; fiber { begin; sleep; ensure; ended << :inner; end }; end }
      done
    end
    expect(ended).to eq([:inner])
  end

  it "warns of a task that does not end, by its name" do
    EventMachine.fiber_grace = 0.01
    expect do
      em do
        fiber("stubborn") do
          sleep
        rescue EventMachine::Cancelled
          sleep
        end
        done
      end
    end.to output(/task stubborn did not end when the reactor stopped: it waits \(sleep, .* s\) at .*stop/).to_stderr
    expect(EventMachine.tasks).to be_empty
  end

  it "raises what ensure raises" do
    expect {
      em {
        fiber {
          begin
            sleep
          ensure
            raise IOError, "in ensure"
          end
        }
        done
      }
    }
      .to raise_error(IOError, "in ensure")
  end

  it "ends fibers too where an exception ends the loop" do
    ended = false
    expect {
      em {
        fiber {
          begin
            sleep
          ensure
            ended = true
          end
        }
        raise "callback"
      }
    }.to raise_error("callback")
    expect(ended).to be(true)
  end

  it "ends fibers of Fiber.schedule" do
    ended = false
    em {
      fiber {
        Fiber.schedule {
          begin
            sleep
          ensure
            ended = true
          end
        }
      }
      EventMachine.next_tick { done }
    }
    expect(ended).to be(true)
  end

  it "gives way to another loop" do
    2.times {
      expect(EventMachine.main {
               sleep 0.001
               IO.pipe.then { |r, w|
                 w << "x"
                 r.read(1)
               }
             }).to eq("x")
    }
  end

  it "calls the block of an EventMachine.run inside of a fiber" do
    expect(in_fiber { EventMachine.run { :nested } }).to eq(:nested)
  end

  it "refuses a negative grace" do
    expect { EventMachine.fiber_grace = -1 }.to raise_error(ArgumentError, "fiber_grace must not be negative: -1")
  end
end
