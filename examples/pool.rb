# frozen_string_literal: true

# Two connections serve five requests. Each request waits for a free connection.
#
#   ruby examples/pool.rb

require "eventmachine"

# Simulates a connection to a service that answers after a while.
class Backend
  def initialize(name)
    @name = name
  end

  def ask(question)
    answer = EventMachine::DefaultDeferrable.new
    EventMachine.add_timer(0.01) { answer.succeed("#{@name} answers #{question}") }
    answer
  end
end

EventMachine.run do
  pool = EventMachine::Pool.new
  pool.add(Backend.new("red"))
  pool.add(Backend.new("blue"))

  answers = 0
  5.times do |number|
    pool.perform do |backend|
      backend.ask(number).callback do |answer|
        puts answer
        EventMachine.stop if (answers += 1) == 5
      end
    end
  end
end
