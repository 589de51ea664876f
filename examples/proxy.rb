# frozen_string_literal: true

# A proxy between client and server. The reactor forwards the data, without any Ruby code.
#
#   ruby examples/proxy.rb

require "eventmachine"

module Backend
  def receive_data(data)
    send_data(data.reverse)
  end
end

class Upstream < EventMachine::Connection
  def initialize(client)
    super
    @client = client
  end

  def connection_completed
    EventMachine.enable_proxy(self, @client)
    EventMachine.enable_proxy(@client, self)
  end

  def proxy_target_unbound
    close_connection
  end

  def unbind
    @client.close_connection_after_writing
  end
end

class Proxy < EventMachine::Connection
  def initialize(host, port)
    super
    @target = [host, port]
  end

  def post_init
    @upstream = EventMachine.connect(*@target, Upstream, self)
  end

  # Data that arrives before the connection to the server is established.
  def receive_data(data)
    @upstream.send_data(data)
  end

  def proxy_target_unbound
    close_connection
  end

  def unbind
    @upstream.close_connection_after_writing
  end
end

module Client
  def connection_completed
    send_data("desserts")
  end

  def receive_data(data)
    puts data
    EventMachine.stop
  end
end

address = ->(signature) { Socket.unpack_sockaddr_in(EventMachine.get_sockname(signature)).reverse }

EventMachine.run do
  backend = EventMachine.start_server("127.0.0.1", 0, Backend)
  proxy = EventMachine.start_server("127.0.0.1", 0, Proxy, *address.call(backend))
  EventMachine.connect(*address.call(proxy), Client)
end
