# frozen_string_literal: true

# Reports when a file is modified or deleted.
#
#   ruby examples/file_watch.rb

require "eventmachine"
require "tempfile"

module Watcher
  def file_modified
    puts "modified"
    File.delete(path)
  end

  def file_deleted
    puts "deleted"
  end

  def unbind
    puts "the watch has ended"
    EventMachine.stop
  end
end

file = Tempfile.create("example")

EventMachine.run do
  EventMachine.watch_file(file.path, Watcher)
  EventMachine.next_tick do
    file.write("something")
    file.close
  end
end
