# frozen_string_literal: true

# An echo server that runs until Ctrl-C, and then lets its clients finish.
#
#   ruby examples/echo_server.rb [PORT]

require "eventmachine"

class EchoServer < EventMachine::Connection
  def initialize(clients)
    super
    @clients = clients
  end

  def post_init
    @clients << self
  end

  def receive_data(data)
    send_data(data)
  end

  def unbind
    @clients.delete(self)
  end
end

clients = []
port = Integer(ARGV.fetch(0, "10000"))

EventMachine.run do
  server = EventMachine.start_server("127.0.0.1", port, EchoServer, clients)
  puts "listening on 127.0.0.1:#{Socket.unpack_sockaddr_in(EventMachine.get_sockname(server)).first}"
  $stdout.flush

  finish = lambda do
    puts "stopping: #{clients.size} connected"
    EventMachine.stop_server(server)
    clients.each(&:close_connection_after_writing)
    EventMachine.tick_loop { clients.empty? ? :stop : nil }.on_stop { EventMachine.stop }
  end
  # A signal handler may do little, so it leaves the work to the reactor.
  trap("INT") { EventMachine.next_tick(finish) }
  trap("TERM") { EventMachine.next_tick(finish) }
  EventMachine.add_timer(Float(ENV["EXAMPLE_SECONDS"]), finish) if ENV["EXAMPLE_SECONDS"]
end
