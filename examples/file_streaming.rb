# frozen_string_literal: true

# Sends a large file piece by piece, as fast as the peer reads.
#
#   ruby examples/file_streaming.rb

require "eventmachine"
require "tempfile"

class FileServer < EventMachine::Connection
  def initialize(path)
    super
    @path = path
  end

  def post_init
    stream_file_data(@path).callback { close_connection_after_writing }
  end
end

class Downloader < EventMachine::Connection
  def post_init
    @received = 0
  end

  def receive_data(data)
    @received += data.bytesize
  end

  def unbind
    puts "received #{@received} bytes"
    EventMachine.stop
  end
end

Tempfile.create("example") do |file|
  file.write("0123456789" * 200_000)
  file.close
  EventMachine.run do
    server = EventMachine.start_server("127.0.0.1", 0, FileServer, file.path)
    port, host = Socket.unpack_sockaddr_in(EventMachine.get_sockname(server))
    EventMachine.connect(host, port, Downloader)
  end
end
