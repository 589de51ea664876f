# frozen_string_literal: true

# Sends Ruby objects as JSON. (The default, Marshal, is safe with trusted peers only.)
#
#   ruby examples/objects.rb

require "eventmachine"
require "json"

module Objects
  include EventMachine::Protocols::ObjectProtocol

  # Converts objects to strings and back.
  module Serializer
    def self.dump(object) = JSON.generate(object)
    def self.load(text) = JSON.parse(text)
  end

  def serializer = Serializer
end

class Adder < EventMachine::Connection
  include Objects

  def receive_object(numbers)
    send_object("sum" => numbers.sum)
  end
end

class Client < EventMachine::Connection
  include Objects

  def connection_completed
    send_object([1, 2, 39])
  end

  def receive_object(object)
    puts object.inspect
    EventMachine.stop
  end
end

EventMachine.run do
  server = EventMachine.start_server("127.0.0.1", 0, Adder)
  port, host = Socket.unpack_sockaddr_in(EventMachine.get_sockname(server))
  EventMachine.connect(host, port, Client)
end
