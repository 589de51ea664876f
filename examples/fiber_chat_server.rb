# frozen_string_literal: true

# The chat server of docs/getting_started.md once more, by a fiber for each member: telnet to it, say who you
# are, and talk.
#
#   ruby examples/fiber_chat_server.rb [PORT]

require "eventmachine"

# The members of the room, each a socket by its name.
class Room
  def initialize
    @members = {}
  end

  def serve(socket)
    socket.puts "who are you?"
    name = socket.gets&.strip
    return if name.nil? || name.empty? || @members.key?(name)

    enter(name, socket) { talk(name, socket) }
  rescue SystemCallError, IOError
    nil
  ensure
    socket.close
  end

  private

  def enter(name, socket)
    tell_others(name, "#{name} has come")
    @members[name] = socket
    yield
  ensure
    @members.delete(name)
    tell_others(name, "#{name} has gone")
  end

  def talk(name, socket)
    while (line = socket.gets)
      tell_others(name, "#{name}: #{line}")
    end
  end

  def tell_others(name, text)
    @members.each { |other, socket| socket.puts(text) unless other == name }
  end
end

server = TCPServer.new("127.0.0.1", Integer(ARGV.fetch(0, 8081)))
puts "listening on 127.0.0.1:#{server.addr[1]}"
$stdout.flush

EventMachine.main do
  EventMachine.add_timer(Float(ENV["EXAMPLE_SECONDS"])) { EventMachine.stop } if ENV["EXAMPLE_SECONDS"]
  room = Room.new
  loop do
    socket = server.accept
    EventMachine.fiber { room.serve(socket) }
  end
end
