# frozen_string_literal: true

# The chat server of docs/getting_started.md: connect with telnet or nc, say who you are, and talk. Ctrl-C stops it.
#
#   ruby examples/chat_server.rb [PORT]

require "eventmachine"

class ChatRoom
  def initialize
    @members = {}
  end

  def join(name, member)
    return false if @members.key?(name)

    announce("#{name} has joined")
    @members[name] = member
    true
  end

  def leave(name)
    announce("#{name} has left") if @members.delete(name)
  end

  def say(sender, text)
    (@members.keys - [sender]).each { |name| @members[name].tell("#{sender}: #{text}") }
  end

  def announce(text)
    @members.each_value { |member| member.tell("* #{text}") }
  end

  def names
    @members.keys
  end
end

class ChatMember < EventMachine::Connection
  include EventMachine::Protocols::LineText2

  IDLE_SECONDS = Float(ENV.fetch("IDLE_SECONDS", "600"))

  def initialize(room)
    super
    @room = room
    @name = nil
  end

  def post_init
    self.comm_inactivity_timeout = IDLE_SECONDS
    tell("Who are you?")
  end

  def receive_line(line)
    line = line.strip
    if @name.nil? then introduce(line)
    elsif line == "/who" then tell(@room.names.join(", "))
    elsif line == "/quit" then close_connection_after_writing
    elsif !line.empty? then @room.say(@name, line)
    end
  end

  def unbind(reason)
    puts "#{@name || 'a stranger'} is gone: #{reason || 'connection closed'}"
    @room.leave(@name) if @name
  end

  def tell(text)
    send_data("#{text}\n")
  end

  private

  def introduce(name)
    return tell("Please use letters and digits only") unless name.match?(/\A\w{1,20}\z/)
    return tell("#{name} is taken") unless @room.join(name, self)

    @name = name
    tell("Welcome, #{name}. /who lists the members, /quit leaves.")
  end
end

EventMachine.run do
  room = ChatRoom.new
  server = EventMachine.start_server("127.0.0.1", Integer(ARGV.fetch(0, "10000")), ChatMember, room)
  EventMachine.add_periodic_timer(60) { puts "#{room.names.size} members" }

  shut_down = proc do
    room.announce("the server is shutting down")
    # Time for the announcement to be sent.
    EventMachine.add_timer(0.1) { EventMachine.stop }
  end
  %w[INT TERM].each { |signal| trap(signal) { EventMachine.next_tick(shut_down) } }

  puts "listening on 127.0.0.1:#{Socket.unpack_sockaddr_in(EventMachine.get_sockname(server)).first}"
  $stdout.flush
end
