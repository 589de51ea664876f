# frozen_string_literal: true

# A protocol of lines and binary data: "SIZE n" is followed by n bytes.
#
#   ruby examples/lines.rb

require "eventmachine"

class Store < EventMachine::Connection
  include EventMachine::Protocols::LineText2

  def receive_line(line)
    command, argument = line.split
    case command
    when "SIZE" then set_text_mode(Integer(argument))
    when "QUIT" then close_connection_after_writing
    else send_data("what is #{line.inspect}?\n")
    end
  end

  def receive_binary_data(text)
    send_data("#{text.bytesize} bytes, #{text.count("\n")} lines\n")
  end
end

class Client < EventMachine::Connection
  include EventMachine::Protocols::LineText2

  def connection_completed
    # It does not matter in which pieces this arrives.
    ["SIZE 1", "2\nfirst\nsecond", "HELP\nQU", "IT\n"].each { |piece| send_data(piece) }
  end

  def receive_line(line)
    puts line
  end

  def unbind
    EventMachine.stop
  end
end

EventMachine.run do
  server = EventMachine.start_server("127.0.0.1", 0, Store)
  port, host = Socket.unpack_sockaddr_in(EventMachine.get_sockname(server))
  EventMachine.connect(host, port, Client)
end
