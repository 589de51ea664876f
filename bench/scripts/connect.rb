# frozen_string_literal: true

done = countdown
port = nil
Client = Class.new(EventMachine::Connection) do
  def connection_completed
    close_connection
  end

  define_method(:unbind) { done.call || EventMachine.connect("127.0.0.1", port, Client) }
end

EventMachine.run do
  port = serve(EventMachine::Connection)
  EventMachine.connect("127.0.0.1", port, Client)
end
