# frozen_string_literal: true

# A server that is told to end while it works on an answer, and gives it before.

require "eventmachine"

# Takes some time for each request.
module Slow
  def receive_data(request)
    EventMachine.add_timer(0.1) { send_data("the answer to #{request}") }
  end
end

EventMachine.run do
  trap("TERM") { EventMachine.stop_gracefully(5, quiet: 0.1) { |left| puts "#{left} cut off" } }

  server = EventMachine.start_server("127.0.0.1", 0, Slow)
  port, = Socket.unpack_sockaddr_in(EventMachine.get_sockname(server))
  EventMachine.connect("127.0.0.1", port) do |client|
    client.define_singleton_method(:receive_data) { |answer| puts answer }
    client.send_data("everything")
  end
  EventMachine.add_timer(0.05) { Process.kill(:TERM, Process.pid) }
end
