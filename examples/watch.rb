# frozen_string_literal: true

# Watches a descriptor that another library reads. The reactor only reports when it is readable.
#
#   ruby examples/watch.rb

require "eventmachine"

class Watcher < EventMachine::Connection
  def initialize(io)
    super
    @source = io
  end

  def notify_readable
    puts @source.readline
  rescue EOFError
    detach
  end

  def unbind
    @source.close
    EventMachine.stop
  end
end

reader, writer = IO.pipe

EventMachine.run do
  EventMachine.watch(reader, Watcher, reader) { |connection| connection.notify_readable = true }
  writer.puts "through the pipe"
  EventMachine.add_timer(0.05) { writer.close }
end
