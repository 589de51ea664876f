# frozen_string_literal: true

require_relative "library"

# The system's clock is set while programs wait for times by it. Nobody may set the real one here: see clock.c.
RSpec.describe "A clock that is set", time_limit: 20 do
  prelude = <<~'RUBY'
    require "eventmachine"
    require "fiddle"
    SET = Fiddle::Function.new(Fiddle.dlopen(nil)["set_clock"], [Fiddle::TYPE_LONG_LONG], Fiddle::TYPE_VOID)
    def set_clock(seconds) = SET.call(seconds * 1_000_000_000)
    def shown(name, due = nil) = puts([name, *due&.-(Begin)&.round].join(" "))
    Begin = Time.now
  RUBY

  # @return [Array<String>] the lines that a program printed
  def with_clock(prelude, program)
    environment = { "LD_PRELOAD" => Faults.library("clock") }
    command = ["timeout", "10", RbConfig.ruby, "-Ilib", "-e", prelude + program]
    output, status = Open3.capture2e(environment, *command, chdir: Faults::ROOT)
    expect(status).to be_success, output
    output.lines(chomp: true)
  end

  it "forward, has all come due at once that it passes, each once, and nothing else" do
    lines = with_clock(prelude, <<~'RUBY')
      EM.run do
        EM.at(Begin + 86_400) { |due| shown("day", due) }
        EM.at(Begin + 7200) { |due| shown("two hours", due); EM.stop }
        EM.at(Begin + 3600) { |due| shown("hour", due) }
        next_minute = ->(now) { Begin + (((now - Begin) / 60).floor + 1) * 60 }
        minutes = EM::WallTimer.new(next_minute) { |due| shown("minute", due) }
        EM.add_timer(3600) { shown("by the other clock") }
        EM.fiber { shown("fiber", EM.at(Begin + 3630).await) }.callback do
          shown("next minute", minutes.due)
          minutes.cancel
          set_clock(3600)
        end
        set_clock(3660)
      end
    RUBY
    expect(lines).to eq(["minute 60", "hour 3600", "fiber 3630", "next minute 3720", "two hours 7200"])
  end

  it "back, has what was to come wait for its time, and schedules begin anew" do
    lines = with_clock(prelude, <<~'RUBY')
      EM.run do
        EM.at(Begin + 1) { |due| shown("absolute", due); EM.stop }
        schedule = EM::WallTimer.new(->(now) { now + 60 }) { |due| shown("schedule", due) }
        EM.tick_loop do
          next if schedule.due > Begin

          shown("moved")
          schedule.cancel
          set_clock(10_800)
          :stop
        end
        set_clock(-7200)
      end
    RUBY
    expect(lines).to eq(["moved", "absolute 1"])
  end

  it "is found out, too, where it is set while it is told when to wake up" do
    lines = with_clock(prelude, <<~'RUBY')
      EM.run do
        EM.at(Begin + 7200) { |due| shown("later", due); EM.stop }
        set_clock(3600)
        EM.at(Begin + 1800) { |due| shown("sooner", due); set_clock(3600) }
      end
    RUBY
    expect(lines).to eq(["sooner 1800", "later 7200"])
  end
end
