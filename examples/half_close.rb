# frozen_string_literal: true

# Feeds a child process to its end, and reads what it makes of that.

require "eventmachine"

# Prints what the process has written, when it has ended.
class Sorter < EventMachine::Connection
  def post_init
    @sorted = +""
  end

  def receive_data(data)
    @sorted << data
  end

  def unbind
    print @sorted
    EventMachine.stop
  end
end

EventMachine.run do
  EventMachine.popen("sort", Sorter) do |sort|
    %w[pear apple quince].each { |fruit| sort.send_data("#{fruit}\n") }
    sort.close_write
  end
end
