# frozen_string_literal: true

# Exceptions: an error handler catches them, and shutdown hooks are called however the loop ends.
#
#   ruby examples/errors.rb

require "eventmachine"

EventMachine.error_handler { |error| puts "handled: #{error.message}" }

begin
  EventMachine.run do
    EventMachine.add_shutdown_hook { puts "shutting down" }
    EventMachine.next_tick { raise "a callback failed" }
    EventMachine.add_timer(0.01) do
      # Without a handler, the next exception ends the loop, and EventMachine.run raises it.
      EventMachine.error_handler(nil)
      raise ArgumentError, "and another"
    end
  end
rescue ArgumentError => e
  puts "left run: #{e.message}"
end
