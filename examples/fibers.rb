# frozen_string_literal: true

# Ruby's own I/O in fibers: a server and its clients wait for each other, and the loop goes on.

require "eventmachine"

server = TCPServer.new("127.0.0.1", 0)

answers = EventMachine.main do
  accepting = EventMachine.fiber("accepting") do
    loop do
      client = server.accept
      EventMachine.fiber do
        client.puts(client.gets.upcase)
      ensure
        client.close
      end
    end
  end

  asked = %w[one two three].map do |word|
    EventMachine.fiber do
      socket = TCPSocket.new("127.0.0.1", server.addr[1])
      socket.puts(word)
      socket.gets.chomp
    end
  end
  EventMachine.gather(*asked).tap { accepting.cancel }
end

puts answers
