# frozen_string_literal: true

# A blocking library runs in a thread of its own; completions deliver the results.
#
#   ruby examples/threaded_resource.rb

require "eventmachine"

# Simulates a client that waits for its server.
class BlockingDatabase
  def query(number)
    sleep 0.01
    raise ArgumentError, "no row #{number}" if number > 1

    "row #{number}"
  end
end

EventMachine.run do
  database = EventMachine::ThreadedResource.new { BlockingDatabase.new }
  database.dispatch { |db| db.query(1) }.callback { |row| puts row }
  failing = database.dispatch { |db| db.query(2) }
  failing.errback do |error|
    puts "#{error.class}: #{error.message}"
    EventMachine.stop
  end
end
