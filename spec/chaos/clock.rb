# frozen_string_literal: true

$LOAD_PATH.unshift(File.expand_path("../../lib", __dir__))
require "eventmachine"

# Sets the system's clock for a moment, forward and back, as an administrator does: run by `rake clock`, as root.
# What clock.c does for the specs the kernel does here.
module Clock
  JUMP = Float(ENV.fetch("JUMP", 2))
  # Seconds that a machine under load may take to notice.
  SOON = JUMP / 2

  def self.monotonic
    Process.clock_gettime(Process::CLOCK_MONOTONIC)
  end

  def self.set(time)
    system("date", "-s", time.strftime("@%s.%N"), out: File::NULL) || abort("the clock may not be set here")
  end

  # Yields with a clock that is set by so many seconds, which it is not any more afterwards.
  def self.shifted(seconds)
    began = Time.now
    start = monotonic
    set(began + seconds)
    yield
  ensure
    set(began + (monotonic - start))
  end

  def self.check(name, took)
    abort "#{name}: after #{took.round(3)} s" unless took < SOON
    puts "#{name}: after #{(took * 1000).round(1)} ms"
  end

  def self.forward
    EventMachine.run do
      EventMachine.next_tick do
        start = nil
        EventMachine.at(Time.now + JUMP) { check("forward", monotonic - start) || EventMachine.stop }
        shifted(JUMP) do
          start = monotonic
          EventMachine.run_machine_once(JUMP) while EventMachine.reactor_running? && !EventMachine.stopping?
        end
      end
    end
  end

  # A schedule is asked anew, for what is next by the clock as it is now.
  def self.back
    EventMachine.run do
      asked = []
      EventMachine::WallTimer.new(->(now) { asked << now && (now + 3600) }) { abort "back: called" }
      EventMachine.next_tick do
        shifted(-JUMP) do
          start = monotonic
          EventMachine.run_machine_once(JUMP) while asked.size < 2
          abort "back: asked with #{asked}" unless asked[1] < asked[0]
          check("back", monotonic - start)
        end
        EventMachine.stop
      end
    end
  end
end

Clock.forward
Clock.back
