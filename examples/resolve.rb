# frozen_string_literal: true

# Resolves names and connects to them while the loop goes on.
#
#   ruby examples/resolve.rb [NAME]

require "eventmachine"

# Connects to the first address that answers: those of IPv6 and IPv4 take turns.
module Visitor
  def connection_completed
    puts "connected"
    close_connection
  end

  def unbind(reason)
    puts "failed: #{resolution_error || reason}" if reason
    EventMachine.stop
  end
end

EventMachine.name_resolution = :threads

EventMachine.run do
  EventMachine.resolve(ARGV.fetch(0, "localhost"), timeout: 10).callback do |addresses|
    puts "its first address: #{addresses.first}"
    server = EventMachine.start_server("localhost", 0)
    port = Socket.unpack_sockaddr_in(EventMachine.get_sockname(server)).first
    EventMachine.connect("localhost", port, Visitor)
  end.errback { |error| abort error.message }
end
