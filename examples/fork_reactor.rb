# frozen_string_literal: true

# A child process with a reactor of its own. The parent's reactor is not affected.
#
#   ruby examples/fork_reactor.rb

require "eventmachine"

EventMachine.run do
  puts "in the parent"
  $stdout.flush
  child = EventMachine.fork_reactor do
    puts "in the child, with #{EventMachine.connection_count} connections"
    EventMachine.stop
  end
  EventMachine.defer(-> { Process.wait2(child).last }, lambda { |status|
    puts "the child has exited with #{status.exitstatus}"
    EventMachine.stop
  })
end
