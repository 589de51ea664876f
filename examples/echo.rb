# frozen_string_literal: true

# A server that sends back what it receives, and a client that talks to it.
#
#   ruby examples/echo.rb

require "eventmachine"

module EchoServer
  def receive_data(data)
    send_data(data)
  end
end

module EchoClient
  def connection_completed
    send_data("Hello, echo!")
  end

  def receive_data(data)
    puts "received: #{data}"
    close_connection
  end

  def unbind(reason)
    puts "closed: #{reason.inspect}"
    EventMachine.stop
  end
end

EventMachine.run do
  server = EventMachine.start_server("127.0.0.1", 0, EchoServer)
  port, host = Socket.unpack_sockaddr_in(EventMachine.get_sockname(server))
  EventMachine.connect(host, port, EchoClient)
end
