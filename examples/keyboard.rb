# frozen_string_literal: true

# Reads what is typed, line by line, until the input ends or says "quit".
#
#   echo quit | ruby examples/keyboard.rb

require "eventmachine"

class Keyboard < EventMachine::Connection
  include EventMachine::Protocols::LineText2

  def receive_line(line)
    puts "you typed #{line.inspect}"
    EventMachine.stop if line == "quit"
  end

  def unbind
    EventMachine.stop unless EventMachine.stopping?
  end
end

EventMachine.run { EventMachine.open_keyboard(Keyboard) }
