# frozen_string_literal: true

# Watches: the wall clock, a signal, and a child process; each also as a fiber waits for it.
#
#   ruby examples/watches.rb

require "eventmachine"

EventMachine.run do
  second = EventMachine.every(0.1) do |time|
    puts "a tenth of a second: #{(time.to_r * 10).denominator == 1}"
    second.cancel
    Process.kill(:USR1, Process.pid)
  end

  EventMachine.on_signal("USR1") do
    puts "a signal"
    EventMachine.spawn("exit 3") { |status| puts "a child with exit status #{status.exitstatus}" }
  end

  EventMachine.fiber do
    EventMachine.on_signal("USR1").await
    status = EventMachine.spawn("exit 4").await
    puts "in a fiber: #{status.exitstatus}"
    EventMachine.at(Time.now + 0.2).await
    EventMachine.stop
  end
end
