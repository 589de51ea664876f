# frozen_string_literal: true

# Child processes: one to talk to, and one whose output is collected.
#
#   ruby examples/popen.rb

require "eventmachine"

module Sorter
  def post_init
    send_data("pear\napple\ncherry\n")
    send_data("quit\n")
  end

  def receive_data(data)
    puts data
  end

  def unbind
    puts "exit status #{get_status.exitstatus}"
    EventMachine.system("echo", "that", "was", "all") do |output, status|
      puts output if status.success?
      EventMachine.stop
    end
  end
end

program = 'lines = []; while (line = gets.chomp) != "quit"; lines << line; end; puts lines.sort; exit 3'

EventMachine.run { EventMachine.popen([RbConfig.ruby, "-e", program], Sorter) }
