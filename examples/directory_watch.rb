# frozen_string_literal: true

# Watches a directory, with what is below it.
#
#   ruby examples/directory_watch.rb

require "eventmachine"
require "fileutils"
require "tmpdir"

Dir.mktmpdir do |directory|
  EventMachine.run do
    EventMachine.watch_directory(directory, recursive: true) do |event|
      puts [event.type, event.from, event.name].compact.join(" ")
      EventMachine.stop if event.type == :deleted
    end

    FileUtils.mkdir_p(File.join(directory, "inbox/new"))
    File.write(File.join(directory, "inbox/new/letter"), "Dear reader")
    EventMachine.add_timer(0.05) do
      File.rename(File.join(directory, "inbox/new"), File.join(directory, "read"))
      File.delete(File.join(directory, "read/letter"))
    end
  end
end
