# frozen_string_literal: true

# A program that ends when all its work is done. Its heartbeat and its signal handler do not keep it alive.
#
#   ruby examples/until_idle.rb

require "eventmachine"

EventMachine.run(until_idle: true) do
  EventMachine.unref(EventMachine.add_periodic_timer(10) { puts "still at work" })
  EventMachine.unref(EventMachine.on_signal("INT") { EventMachine.stop })

  EventMachine.system("echo", "first") do |output, _|
    puts output
    EventMachine.defer(-> { "second" }, ->(word) { puts word })
  end
end
puts "nothing left to do"
