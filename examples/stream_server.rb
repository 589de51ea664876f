# frozen_string_literal: true

# A server and its client, each of which reads lines in a fiber.

require "eventmachine"

EventMachine.main do
  server = EventMachine.serve("127.0.0.1", 0) do |stream|
    stream.each_line { |line| stream.write("you said #{line}") }
  end
  port, = Socket.unpack_sockaddr_in(EventMachine.get_sockname(server))

  EventMachine::Stream.connect("127.0.0.1", port) do |stream|
    %w[hello goodbye].each do |word|
      stream.write("#{word}\n")
      puts stream.gets
    end
  end
end
