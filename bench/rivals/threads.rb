# frozen_string_literal: true

# A thread for each connection, on nothing but Ruby's sockets.

require "socket"

require_relative "answers"

def serve(socket)
  socket.setsockopt(:TCP, :NODELAY, 1)
  buffer = +""
  answers = ANSWERS.fetch(ARGV.fetch(0)).new
  loop { answers.to(socket.readpartial(65_536, buffer)) { |data| socket.write(data) } }
rescue EOFError, SystemCallError
  nil
ensure
  socket.close
end

server = TCPServer.new("127.0.0.1", 0)
server.listen(1024)
puts "address 127.0.0.1:#{server.addr[1]}"
$stdout.flush
loop { Thread.new(server.accept) { |socket| serve(socket) } }
