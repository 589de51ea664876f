# frozen_string_literal: true

RSpec.describe EventMachine::Timer do
  let(:seen) { [] }

  it "calls its block once" do
    em do
      described_class.new(0) { |*args| seen << args }
      described_class.new(0.01) { done }
    end
    expect(seen).to eq([[]])
  end

  it "prefers an argument to the block" do
    em do
      described_class.new(0, -> { seen << :argument }) { seen << :block }
      described_class.new(0.01) { done }
    end
    expect(seen).to eq([:argument])
  end

  it "takes a negative interval for none" do
    em { described_class.new(-1) { done } }
  end

  it "can be cancelled, so that nothing is left of it" do
    em do
      before = EventMachine.get_timer_count
      timer = described_class.new(0) { seen << :called }
      expect(EventMachine.get_timer_count).to eq(before + 1)
      expect(timer.cancel).to be(false)
      expect(EventMachine.get_timer_count).to eq(before)
      timer.cancel
      EventMachine.add_timer(0.01) { done }
    end
    expect(seen).to be_empty
  end

  it "can be cancelled after it has fired, and by itself" do
    em do
      timer = described_class.new(0) do
        timer.cancel
        seen << :called
      end
      EventMachine.add_timer(0.01) do
        timer.cancel
        done
      end
    end
    expect(seen).to eq([:called])
  end

  it "does nothing without a callback" do
    em do
      before = EventMachine.get_timer_count
      timer = described_class.new(0)
      expect(EventMachine.get_timer_count).to eq(before)
      timer.cancel
      done
    end
  end

  it "refuses intervals that never end" do
    em do
      [Float::INFINITY, Float::NAN].each do |interval|
        expect { described_class.new(interval) { nil } }.to raise_error(FloatDomainError, /#{interval}/)
      end
      done
    end
  end

  it "starts to wait anew, as often as it is told" do
    em do
      timer = described_class.new(0.02) { seen << :called }
      count = EventMachine.get_timer_count
      expect(timer.restart).to be(timer)
      expect(EventMachine.get_timer_count).to eq(count)
      expect(state(:@timers).size).to eq(count)
      EventMachine.add_timer(0.03) do
        expect(seen).to eq([:called])
        timer.restart(0.001)
      end
      EventMachine.add_timer(0.1) { done }
    end
    expect(seen).to eq(%i[called called])
  end

  it "starts anew when it was cancelled, with another interval where one is given" do
    em do
      timer = described_class.new(60) { done }
      timer.cancel
      timer.restart(0.001)
      expect(timer.remaining).to be <= 0.001
    end
  end

  it "is put off by each restart, and keeps its interval" do
    em do
      timer = described_class.new(10) { seen << :called }
      timer.restart(20)
      expect(timer.remaining).to be_between(19, 20)
      timer.restart
      expect(timer.remaining).to be_between(19, 20)
      done
    end
    expect(seen).to be_empty
  end

  it "stays as it was when it is restarted with an interval that never ends" do
    em do
      timer = described_class.new(10) { nil }
      expect { timer.restart(Float::NAN) }.to raise_error(FloatDomainError)
      expect(timer.remaining).to be_between(9, 10)
      done
    end
  end

  it "can be restarted where no further timer is allowed" do
    em do
      EventMachine.set_max_timers(100)
      timers = Array.new(100 - EventMachine.get_timer_count) { described_class.new(60) { nil } }
      expect { described_class.new(1) { nil } }.to raise_error(RuntimeError, /ran out of timers/)
      timers.last.restart(0)
      expect(timers.last).to be_pending
      done
    ensure
      EventMachine.set_max_timers(100_000)
    end
  end

  it "tells how long it waits yet, and whether it does" do
    em do
      timer = described_class.new(5) { nil }
      expect(timer.remaining).to be_between(4, 5)
      expect(timer).to be_pending
      timer.cancel
      expect(timer.remaining).to be_nil
      expect(timer).not_to be_pending
      fired = described_class.new(0) { expect(fired).not_to be_pending }
      EventMachine.add_timer(0.005) { (seen << fired.remaining) && done }
      sleep 0.001
      expect(fired.remaining).to eq(0.0)
    end
    expect(seen).to eq([nil])
  end

  it "waits no longer when the loop has ended, nor with nothing to call" do
    timer = nil
    em do
      timer = described_class.new(5) { nil }
      empty = described_class.new(5)
      expect(empty.restart).to be(empty)
      expect(empty).not_to be_pending
      done
    end
    expect(timer).not_to be_pending
    expect { timer.restart }.to raise_error(RuntimeError, /not initialized/)
  end

  it "takes no time of day for an interval" do
    em do
      [described_class, EventMachine::PeriodicTimer].each do |kind|
        expect { kind.new(Time.at(0)) { nil } }.to raise_error(TypeError, /1970-01-01.*EventMachine\.at/)
      end
      expect { EventMachine.add_timer(Time.at(0)) { nil } }.to raise_error(TypeError, /EventMachine\.at/)
      done
    end
  end

  it "needs a running reactor" do
    expect { described_class.new(1) { nil } }.to raise_error(RuntimeError, /not initialized/)
  end
end

RSpec.describe EventMachine::PeriodicTimer do
  let(:seen) { [] }

  # Calls the block as soon as so many calls were seen.
  def once_seen(count, &block)
    seen.size < count ? EventMachine.next_tick { once_seen(count, &block) } : yield
  end

  it "calls its block again and again" do
    em do
      described_class.new(0.002) do |*args|
        seen << args
        done if seen.size == 4
      end
    end
    expect(seen).to eq([[]] * 4)
  end

  it "is what EventMachine.add_periodic_timer makes" do
    em do
      timer = EventMachine.add_periodic_timer(0.001) do
        seen << :called
        done
      end
      expect(timer).to be_a(described_class)
      expect(timer.interval).to eq(0.001)
    end
    expect(seen).to eq([:called])
  end

  it "can be cancelled, so that nothing is left of it" do
    em do
      before = EventMachine.get_timer_count
      timer = described_class.new(0.001) { seen << :called }
      expect(timer.cancel).to be(true)
      expect(timer.cancel).to be(true)
      expect(EventMachine.get_timer_count).to eq(before)
      expect(EventMachine.cancel_timer(described_class.new(0.001) { seen << :called })).to be(true)
      EventMachine.add_timer(0.01) { done }
    end
    expect(seen).to be_empty
  end

  it "can be cancelled by itself" do
    em do
      timer = described_class.new(0) do
        next if (seen << :called).size < 3

        timer.cancel
        after_turns { done }
      end
    end
    expect(seen.size).to eq(3)
  end

  it "calls a subclass's fire" do
    subclass = Class.new(described_class) do
      def fire
        EventMachine.stop
      end
    end
    em { subclass.new(0) { seen << :called } }
    expect(seen).to be_empty
  end

  it "ends when its callback raises" do
    em do
      EventMachine.error_handler { |error| seen << error.message }
      described_class.new(0.001) { raise "no" }
      EventMachine.add_timer(0.02) { done }
    end
    expect(seen).to eq(["no"])
  end

  it "goes on without a callback" do
    em do
      timer = described_class.new(0.001)
      expect { timer.fire }.not_to raise_error
      timer.cancel
      done
    end
  end

  it "has a first call apart from its interval" do
    em do
      [described_class.new(60, first: 0) { seen << :first },
       EventMachine.add_periodic_timer(60, -> { seen << :second }, first: 0.001)].each do |timer|
        expect(timer.interval).to eq(60)
      end
      later = described_class.new(0.001, first: 60) { seen << :never }
      expect(later.remaining).to be_between(59, 60)
      EventMachine.add_timer(0.02) { done }
    end
    expect(seen).to eq(%i[first second])
  end

  it "starts anew, with another interval where one is given" do
    em do
      timer = described_class.new(60) { seen << :called }
      count = EventMachine.get_timer_count
      expect(timer.restart(0.001)).to be(timer)
      expect(timer.interval).to eq(0.001)
      expect(EventMachine.get_timer_count).to eq(count)
      once_seen(2) do
        timer.cancel
        expect(timer).not_to be_pending
        seen.clear
        timer.restart
        expect(timer).to be_pending
        once_seen(1) { done }
      end
    end
  end

  it "tells how long it waits yet" do
    em do
      timer = described_class.new(5) { nil }
      expect(timer.remaining).to be_between(4, 5)
      called = described_class.new(0.001) do
        seen << called.remaining << called.pending?
        called.cancel
        done
      end
    end
    expect(seen).to eq([nil, false])
  end

  it "needs a running reactor" do
    expect { described_class.new(1) { nil } }.to raise_error(RuntimeError, /not initialized/)
  end

  it "refuses intervals that never end" do
    em do
      [Float::INFINITY, Float::NAN].each do |interval|
        expect { described_class.new(interval) { nil } }.to raise_error(FloatDomainError, /#{interval}/)
      end
      done
    end
  end

  describe "its times" do
    let(:start) { now }

    def now
      Process.clock_gettime(Process::CLOCK_MONOTONIC)
    end

    # Seconds from the start to each call.
    def called
      seen << (now - start)
    end

    def timer_count
      [EventMachine.get_timer_count, EventMachine.instance_variable_get(:@timers).size]
    end

    # By how much the times from one due time to the next differ from so many intervals.
    def deviations(dues, interval)
      dues.each_cons(2).map { |one, other| (other - one - (((other - one) / interval).round * interval)).abs }
    end

    # When it is due; none where a busy machine let time pass meanwhile, or until after that.
    def due(timer)
      before = now
      remaining = timer.remaining
      before + remaining if remaining.positive? && now - before < 0.001
    end

    it "do not drift, whatever the callback takes and however late it is called" do
      dues = []
      em do
        timer = described_class.new(0.02) do
          sleep 0.015
          EventMachine.next_tick { dues.push(*due(timer)).size == 10 && done }
        end
      end
      expect(deviations(dues, 0.02).max).to be < 0.002
    end

    it "leave out those that were missed" do
      em do
        start
        described_class.new(0.02) { (called.size == 1) ? sleep(0.05) : done }
      end
      expect(seen.last).to be_between(0.08, 0.3)
    end

    it "are every turn's where the interval is not positive" do
      [0, -1, nil, "text"].each do |interval|
        seen.clear
        em { described_class.new(interval) { done if called.size == 3 } }
        expect(seen.size).to eq(3)
      end
    end

    it "follow a new interval from the next call on" do
      em do
        start
        timer = described_class.new(0.01) { done if called.size == 2 }
        timer.interval = 0.1
        expect(timer.interval).to eq(0.1)
        EventMachine.add_timer(0.09) { expect(seen.size).to eq(1) }
      end
      expect(seen.last).to be >= 0.11
    end

    it "follow a new interval that is set in the callback" do
      em do
        start
        timer = described_class.new(0.01) do
          timer.interval = 0.06
          done if called.size == 2
        end
      end
      expect(seen.last).to be >= 0.07
    end

    it "begin anew when it is called by hand, or scheduled by hand" do
      %i[fire schedule].each do |method|
        seen.clear
        anew = nil
        em do
          timer = described_class.new(0.06) { seen << now }
          EventMachine.add_timer(0.03) do
            count = timer_count
            anew = now
            expect(timer.public_send(method)).to be_an(Integer)
            expect(timer_count).to eq(count)
            seen.clear
          end
          described_class.new(0.01) { done if anew && seen.any? }
        end
        expect(seen.first - anew).to be >= 0.06
      end
    end

    it "begin anew when it is scheduled once more in its callback" do
      em do
        timer = described_class.new(0.001) do
          count = timer_count
          2.times { expect(timer.schedule).to be_an(Integer) }
          expect(timer_count).to eq(count.map { |number| number + 1 })
          done if called.size == 3
        end
      end
      expect(seen.size).to eq(3)
    end

    it "are over when it is cancelled" do
      em do
        count = timer_count
        timer = described_class.new(10) { seen << :called }
        expect(timer_count).to eq(count.map { |number| number + 1 })
        timer.cancel
        expect(timer_count).to eq(count)
        expect(timer.fire).to be_nil
        done
      end
      expect(seen).to be_empty
    end

    it "are not those of a loop that has ended" do
      timer = nil
      em { (timer = described_class.new(60) { nil }) && done }
      em do
        EventMachine.add_timer(0.005) { (seen << :other) && done }
        10.times { EventMachine.add_timer(60) { nil } }
        count = timer_count
        timer.cancel
        expect(timer_count).to eq(count)
      end
      expect(seen).to eq([:other])
    end
  end
end
