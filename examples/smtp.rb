# frozen_string_literal: true

# A mail server that receives one message, and a client that sends it.
#
#   ruby examples/smtp.rb

require "eventmachine"

class Mailbox < EventMachine::Protocols::SmtpServer
  def receive_sender(sender)
    puts "from #{sender}"
    true
  end

  def receive_recipient(recipient)
    puts "to #{recipient}"
    recipient.end_with?("@example.org>")
  end

  def receive_data_chunk(lines)
    (@lines ||= []).concat(lines)
  end

  def receive_message
    puts @lines
    true
  end
end

EventMachine.run do
  server = EventMachine.start_server("127.0.0.1", 0, Mailbox)
  port, host = Socket.unpack_sockaddr_in(EventMachine.get_sockname(server))

  delivery = EventMachine::Protocols::SmtpClient.send(
    host: host, port: port, domain: "example.net",
    from: "me@example.net", to: ["you@example.org"],
    header: { "Subject" => "Greetings" }, body: "All is well."
  )
  delivery.callback do
    puts "delivered"
    EventMachine.stop
  end
  delivery.errback { |reason| abort "not delivered: #{reason}" }
end
