# frozen_string_literal: true

# A connection that asks an echo server again and again, and measures how long the answers take.
class Asker < EventMachine::Connection
  class << self
    # @return [Array<Float>] milliseconds
    def times = @times ||= []

    # @return [Array<Numeric>] how many answers there were, the median of their times, the 99th percentile, the longest
    def summary
      sorted = times.sort
      [sorted.size, *[0.5, 0.99].map { |share| sorted[(sorted.size * share).floor] }, sorted.last]
    end
  end

  # @param period [Numeric] seconds between questions
  def initialize(period)
    super()
    @period = period
  end

  def connection_completed
    EventMachine.add_timer(rand * @period) { EventMachine.add_periodic_timer(@period) { ask } }
  end

  def receive_data(_data)
    self.class.times << ((now - @asked) * 1000)
    @asked = nil
  end

  private

  # Who still waits does not ask again: the whole wait counts.
  def ask
    return if @asked

    @asked = now
    send_data("?" * 64)
  end

  def now
    Process.clock_gettime(Process::CLOCK_MONOTONIC)
  end
end
