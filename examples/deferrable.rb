# frozen_string_literal: true

# An operation with a later outcome, and a timeout.
#
#   ruby examples/deferrable.rb

require "eventmachine"

class Lookup
  include EventMachine::Deferrable

  def initialize(answer, after:)
    EventMachine.add_timer(after) { succeed(answer) }
  end
end

EventMachine.run do
  quick = Lookup.new("42", after: 0.01)
  quick.callback { |answer| puts "the answer is #{answer}" }

  slow = Lookup.new("too late", after: 5)
  slow.timeout(0.1, "no answer in time")
  slow.callback { |answer| puts answer }
  slow.errback do |reason|
    puts reason
    EventMachine.stop
  end
end
