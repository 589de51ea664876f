# frozen_string_literal: true

# Callbacks that take long, of connections that always have something, beside one that asks now and then.
RSpec.describe "Slow neighbours", time_limit: 60 do
  # A turn with one of these is long, however quick the machine is.
  LONG = 0.006

  # Takes long, has more to read at once, and counts that.
  def slow_handler(calls, speakers)
    Module.new do
      define_method(:receive_data) do |_data|
        stop = Process.clock_gettime(Process::CLOCK_MONOTONIC) + LONG
        nil while Process.clock_gettime(Process::CLOCK_MONOTONIC) < stop
        calls << signature
        speakers[self].write("x")
      end
    end
  end

  def attach_slow(handler, speakers)
    near, far = UNIXSocket.pair
    speakers[EventMachine.attach(near, handler)] = far
    far
  end

  it "delay it by one callback, however many they are, and have their turn one after the other" do
    calls = []
    answered = []
    em(60) do
      speakers = {}
      handler = slow_handler(calls, speakers)
      5.times { attach_slow(handler, speakers).write("x") }
      near, asker = UNIXSocket.pair
      EventMachine.attach(near, Module.new { define_method(:receive_data) { |_| answered << calls.size } })
      moments = [13, 25]
      ask = lambda do
        next done if moments.empty?

        # The first turns find out that it takes long.
        asker.write("?") && moments.shift if calls.size == moments.first
        EventMachine.add_timer(0, &ask)
      end
      ask.call
    end
    expect(answered).to eq([13, 25])
    expect(calls[5, 15].each_slice(5).map { |slice| slice.uniq.size }).to all(eq(5))
  end
end
