# frozen_string_literal: true

# A server on a Unix domain socket.
#
#   ruby examples/unix_socket.rb

require "eventmachine"
require "tmpdir"

module Server
  def receive_data(data)
    send_data(data.upcase)
    close_connection_after_writing
  end
end

module Client
  def post_init
    send_data("quietly")
  end

  def receive_data(data)
    puts data
  end

  def unbind
    EventMachine.stop
  end
end

Dir.mktmpdir do |directory|
  path = File.join(directory, "example.sock")
  EventMachine.run do
    EventMachine.start_unix_domain_server(path, Server)
    EventMachine.connect_unix_domain(path, Client)
  end
end
