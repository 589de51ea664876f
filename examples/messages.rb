# frozen_string_literal: true

# Messages instead of a stream of bytes: a pair of Unix sockets that keep them apart (SOCK_SEQPACKET of unix(7)).
# attach gives each message as one call of receive_data.
#
#   ruby examples/messages.rb

require "eventmachine"

class Jobs < EventMachine::Connection
  def receive_data(message)
    puts "job: #{message}"
  end

  def unbind(_reason)
    puts "no more jobs"
    EventMachine.stop
  end
end

EventMachine.run do
  ours, theirs = UNIXSocket.pair(:SEQPACKET)
  EventMachine.attach(ours, Jobs)
  ["resize the picture", "send the letter"].each { |job| theirs.send(job, 0) }
  theirs.close
end
