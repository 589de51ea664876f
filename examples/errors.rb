# frozen_string_literal: true

# What happens to exceptions: a handler takes them, and hooks are called however the loop ends.
#
#   ruby examples/errors.rb

require "eventmachine"

EventMachine.error_handler { |error| puts "handled: #{error.message}" }

begin
  EventMachine.run do
    EventMachine.add_shutdown_hook { puts "shutting down" }
    EventMachine.next_tick { raise "a callback failed" }
    EventMachine.add_timer(0.01) do
      # Without a handler the next one ends the loop, and leaves EventMachine.run.
      EventMachine.error_handler(nil)
      raise ArgumentError, "and another"
    end
  end
rescue ArgumentError => e
  puts "left run: #{e.message}"
end
