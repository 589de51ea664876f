# frozen_string_literal: true

# Thread#raise (and with it Timeout) and Thread#kill end EventMachine.run wherever it is. Whatever it was doing, all
# is released, and the loop can run again.
RSpec.describe "A thread that runs the loop" do
  library = File.expand_path("../../lib", __dir__)
  let(:boom) { Class.new(Exception) }

  def run_loop
    EventMachine.run do
      server = EventMachine.start_server("127.0.0.1", 0) { |peer| def peer.receive_data(data) = send_data(data) }
      EventMachine.connect("127.0.0.1", port_of(server)) do |client|
        def client.connection_completed = send_data("x")
        def client.receive_data(_data) = close_connection
        def client.unbind = EventMachine.stop
      end
      EventMachine.defer(-> { 1 }, ->(_) {})
      EventMachine.add_shutdown_hook { nil }
    end
  end

  def port_of(server)
    EventMachine.get_sockname(server).unpack1("x2n")
  end

  # Runs the loop in a thread, and calls the block with it as soon as it has run so many lines of the library, those
  # left out that stand between the loop and the start of its release.
  #
  # @return [Integer] how many it has run
  define_method(:interrupted_at) do |line, &interrupt|
    count = 0
    subject = Thread.new do
      Thread.current.report_on_exception = false
      trace = TracePoint.new(:line) do |point|
        next unless Thread.current == subject && point.path.start_with?(library) && point.method_id != :run_reactor

        interrupt.call(subject) if (count += 1) == line
      end
      Thread.pass until subject
      trace.enable { run_loop }
    end
    subject.join
    count
  rescue boom
    count
  end

  def descriptor_count
    GC.start
    descriptors.size
  end

  # Interrupts the loop at every line that it runs.
  def sweep(&interrupt)
    run_loop
    before = descriptor_count
    lines = interrupted_at(nil)
    expect(lines).to be > 50
    1.upto(lines) do |line|
      interrupted_at(line, &interrupt)
      expect([line, EventMachine.reactor_running?, state(:@conns)]).to eq([line, false, {}])
      run_loop
    end
    expect(descriptor_count).to be <= before
  end

  it "may be raised in at any line", time_limit: 60 do
    sweep { |subject| subject.raise(boom) }
  end

  it "may be killed at any line", time_limit: 60 do
    sweep do |subject|
      # From outside: a thread that kills itself does so at once, whatever it defers.
      killer = Thread.new { subject.kill }
      Thread.pass while killer.alive?
    end
  end

  it "may be left by a throw from a shutdown hook, or killed there" do
    log = []
    result = catch(:over) do
      EventMachine.run do
        EventMachine.add_shutdown_hook { log << :last }
        EventMachine.add_shutdown_hook { throw :over, :thrown }
        EventMachine.stop
      end
    end
    Thread.new { EventMachine.run { EventMachine.add_shutdown_hook { Thread.exit } && EventMachine.stop } }.join
    run_loop
    expect([result, EventMachine.reactor_running?]).to eq([:thrown, false])
  end

  it "ends in time by Timeout, wherever that is due" do
    30.times do |number|
      expect { Timeout.timeout(0.002 * (number + 1)) { EventMachine.run { nil } } }.to raise_error(Timeout::Error)
    end
    run_loop
  end
end
