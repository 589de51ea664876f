# frozen_string_literal: true

require "eventmachine"

# Loaded before a program of the documentation: replaces its port by a free one, sends a line of text to each of
# its servers, and ends it.
module Visit
  SECONDS = 0.3

  # Sends a line, and prints the answer.
  class Guest < EventMachine::Connection
    def connection_completed
      send_data("hello\n")
    end

    def receive_data(data)
      warn("answer: #{data}")
    end
  end

  def start_server(host, port, *rest, &block)
    super(host, port && 0, *rest, &block).tap { |server| visit(server) }
  end

  def run(*arguments, **options, &block)
    EventMachine.next_tick do
      EventMachine.unref(EventMachine.add_timer(SECONDS) { EventMachine.stop })
    end
    super
  end

  private

  def visit(server)
    port, host = Socket.unpack_sockaddr_in(EventMachine.get_sockname(server))
    EventMachine.connect(host, port, Guest)
  end
end

EventMachine.singleton_class.prepend(Visit)
