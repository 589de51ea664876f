# frozen_string_literal: true

# A queue with an asynchronous consumer, filled by another thread.
#
#   ruby examples/queue.rb

require "eventmachine"

EventMachine.run do
  queue = EventMachine::Queue.new
  work = lambda do |job|
    next EventMachine.stop if job == :end

    puts "working on #{job}"
    queue.pop(&work)
  end
  queue.pop(&work)

  Thread.new { %w[this that].each { |job| queue.push(job) } && queue.push(:end) }
end
