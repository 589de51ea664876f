# frozen_string_literal: true

# Resolves a host name without blocking the reactor.
#
#   ruby examples/dns.rb [NAME]

require "eventmachine"

EventMachine.run do
  request = EventMachine::DNS::Resolver.resolve(ARGV.fetch(0, "localhost"))
  request.callback do |addresses|
    puts addresses
    EventMachine.stop
  end
  request.errback { |reason| abort "cannot be resolved: #{reason}" }
end
