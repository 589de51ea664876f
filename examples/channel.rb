# frozen_string_literal: true

# A channel delivers each message to all subscribers.
#
#   ruby examples/channel.rb

require "eventmachine"

EventMachine.run do
  channel = EventMachine::Channel.new
  channel.subscribe { |message| puts "first: #{message}" }
  second = channel.subscribe { |message| puts "second: #{message}" }

  channel << "hello"
  channel.unsubscribe(second)
  channel.push("goodbye")
  EventMachine.stop
end
