# frozen_string_literal: true

# Listens on all addresses of a host, with options, and is visited at each of them by its Addrinfo.
#
#   ruby examples/servers.rb [HOST]

require "eventmachine"

module Greeter
  def post_init
    send_data("good day")
    close_connection_after_writing
  end
end

class Visitor < EventMachine::Connection
  class << self
    attr_accessor :left
  end

  def receive_data(data)
    puts "#{remote_address.ip_address}: #{data}"
  end

  def unbind
    EventMachine.stop if (Visitor.left -= 1).zero?
  end
end

EventMachine.run do
  signatures = EventMachine.with_server_options(backlog: 128) do
    EventMachine.start_servers(ARGV.fetch(0, "localhost"), 0, Greeter)
  end
  Visitor.left = signatures.size
  signatures.each do |signature|
    EventMachine.connect(Addrinfo.new(EventMachine.get_sockname(signature)), Visitor)
  end
end
