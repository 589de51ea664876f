# frozen_string_literal: true

# Datagrams: a server that answers with the time, and a client that retries if there is no answer.
#
#   ruby examples/udp.rb

require "eventmachine"

class TimeServer < EventMachine::Connection
  def receive_data(datagram)
    port, host = Socket.unpack_sockaddr_in(get_peername)
    # send_data would work as well: it replies to the sender of the last datagram.
    send_datagram("#{datagram}: #{EventMachine.current_time.year}", host, port)
  end
end

class TimeClient < EventMachine::Connection
  def ask(host, port)
    @retry = EventMachine.add_periodic_timer(0.5) { send_datagram("year", host, port) }
    send_datagram("year", host, port)
  end

  def receive_data(datagram)
    @retry.cancel
    puts datagram
    EventMachine.stop
  end
end

EventMachine.run do
  server = EventMachine.open_datagram_socket("127.0.0.1", 0, TimeServer)
  port, host = Socket.unpack_sockaddr_in(server.get_sockname)
  EventMachine.open_datagram_socket("127.0.0.1", 0, TimeClient) { |client| client.ask(host, port) }
end
