# frozen_string_literal: true

# The chat server of docs/getting_started.md: telnet to it, say who you are, and talk.
#
#   ruby examples/chat_server.rb [PORT]

require "eventmachine"

class ChatRoom
  def initialize
    @members = {}
  end

  def join(name, member)
    return false if @members.key?(name)

    announce("#{name} has come")
    @members[name] = member
    true
  end

  def leave(name)
    announce("#{name} has gone") if @members.delete(name)
  end

  def say(sender, text)
    (@members.keys - [sender]).each { |name| @members[name].tell("#{sender}: #{text}") }
  end

  def names
    @members.keys
  end

  private

  def announce(text)
    @members.each_value { |member| member.tell("* #{text}") }
  end
end

class ChatMember < EventMachine::Connection
  include EventMachine::Protocols::LineText2

  IDLE_SECONDS = 600

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

  def unbind
    @room.leave(@name) if @name
  end

  def tell(text)
    send_data("#{text}\n")
  end

  private

  def introduce(name)
    return tell("Please give a name of letters and digits") unless name.match?(/\A\w{1,20}\z/)
    return tell("There is a #{name} already") unless @room.join(name, self)

    @name = name
    tell("Welcome, #{name}. /who tells who is here, /quit leaves.")
  end
end

if $PROGRAM_NAME == __FILE__
  EventMachine.run do
    server = EventMachine.start_server("127.0.0.1", Integer(ARGV.fetch(0, "10000")), ChatMember, ChatRoom.new)
    puts "listening on 127.0.0.1:#{Socket.unpack_sockaddr_in(EventMachine.get_sockname(server)).first}"
    $stdout.flush
    EventMachine.add_timer(Float(ENV["EXAMPLE_SECONDS"])) { EventMachine.stop } if ENV["EXAMPLE_SECONDS"]
  end
end
