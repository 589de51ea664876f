# frozen_string_literal: true

# Reports when a process exits. It need not be a child process.
#
#   ruby examples/process_watch.rb

require "eventmachine"

module Watcher
  def process_exited
    puts "it has exited"
  end

  def unbind
    EventMachine.stop
  end
end

pid = Process.spawn(RbConfig.ruby, "-e", "sleep 0.2")
Process.detach(pid)

EventMachine.run { EventMachine.watch_process(pid, Watcher) }
