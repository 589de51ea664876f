# frozen_string_literal: true

# Has the garbage collector run at each allocation, or move all objects again and again, for the first so many seconds
# of each example. An example that takes longer goes on without, so that all come to their end.
module UnderStress
  SECONDS = Float(ENV.fetch("STRESS_SECONDS", "2"))

  # Collections of what is new: those of all there is take too long to get anywhere.
  COLLECT = 0x01

  module_function

  def run(mode, &example)
    case mode
    when "collect" then collecting(&example)
    when "compact" then compacting(&example)
    else raise ArgumentError, "collect or compact, not #{mode}"
    end
  end

  def collecting
    timer = Thread.new { sleep(SECONDS) && GC.stress = false }
    GC.stress = COLLECT
    yield
  ensure
    GC.stress = false
    timer&.kill&.join
  end

  def compacting
    GC.auto_compact = true
    stop = Process.clock_gettime(Process::CLOCK_MONOTONIC) + SECONDS
    mover = Thread.new do
      while Process.clock_gettime(Process::CLOCK_MONOTONIC) < stop
        GC.compact
        sleep(0.01)
      end
    end
    yield
  ensure
    GC.auto_compact = false
    mover&.kill&.join
  end
end

RSpec.configure do |config|
  config.around do |example|
    UnderStress.run(ENV.fetch("STRESS_MODE", "collect")) { example.run }
  end
end
