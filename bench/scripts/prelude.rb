# frozen_string_literal: true

# Loaded before a guarded script, whose operations are told on the command line. Both ends of connections are
# in the one process, so that the same happens each time; without collection of garbage, which would come at
# any time.

require "eventmachine"

OPERATIONS = Integer(ARGV.fetch(0))

GC.disable
EventMachine.epoll
EventMachine.set_max_timers(1_000_000)

# Ends the loop after so many calls.
def countdown(times = OPERATIONS)
  left = times
  -> { (left -= 1).zero? && EventMachine.stop }
end

# Sends back what comes.
module Echo
  def receive_data(data)
    send_data(data)
  end
end

# Sends a message, and it again for every answer that is complete.
class Asking < EventMachine::Connection
  def initialize(message, answer_size, answered)
    super()
    @message = message
    @answer_size = answer_size
    @answered = answered
    @received = 0
  end

  def connection_completed
    send_data(@message)
  end

  def receive_data(data)
    @received += data.bytesize
    return if @received < @answer_size

    @received -= @answer_size
    @answered.call
    send_data(@message)
  end
end

# @return [Integer] the port of a server
def serve(handler)
  port_of(EventMachine.start_server("127.0.0.1", 0, handler))
end

def port_of(signature)
  Socket.unpack_sockaddr_in(EventMachine.get_sockname(signature)).first
end

# Ten connections ask a server until all operations are done. The block, if there is one, starts the server.
def ask(handler, message, answer_size = message.bytesize, times: OPERATIONS)
  answered = countdown(times)
  EventMachine.run do
    port = block_given? ? port_of(yield) : serve(handler)
    10.times { EventMachine.connect("127.0.0.1", port, Asking, message, answer_size, answered) }
  end
end

at_exit { puts "objects #{GC.stat(:total_allocated_objects)}" }
