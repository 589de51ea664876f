# frozen_string_literal: true

# A thread that wants to run waits for Ruby's lock (GVL) for up to 100 ms while another keeps it. A busy loop
# lets go of it in between.
RSpec.describe "A loop that is always busy" do
  # The seconds that the loop may compute while other threads get the lock some thirty times, or more. If each
  # time took 100 ms, it would be several, or as many as the machine has left for the loop in these.
  let(:limit) { 0.2 }

  busy = {
    "with ticks" => lambda do
      again = -> { EventMachine.next_tick(&again) }
      again.call
    end,
    "with timers" => lambda do
      again = -> { EventMachine.add_timer(0, &again) }
      again.call
    end,
    "with connections that answer each other" => lambda do
      echo = Module.new { define_method(:receive_data) { |data| send_data(data) } }
      4.times { UNIXSocket.pair.each { |socket| EventMachine.attach(socket, echo).send_data("word") } }
    end,
    "with a watch" => lambda do
      _, writer = IO.pipe
      silent = Module.new { define_method(:notify_writable) { nil } }
      EventMachine.watch(writer, silent) { |connection| connection.notify_writable = true }
    end,
    "with datagrams" => lambda do
      socket = EventMachine.open_datagram_socket("127.0.0.1", 0)
      port, = Socket.unpack_sockaddr_in(socket.get_sockname)
      socket.define_singleton_method(:receive_data) { |data| send_datagram(data, "127.0.0.1", port) }
      socket.receive_data("word")
    end
  }
  # The time for which the calling thread has computed.
  def computed
    Process.clock_gettime(Process::CLOCK_THREAD_CPUTIME_ID)
  end

  # How long the loop computes while another thread works.
  def computed_beside(keep_busy, work)
    spent = nil
    em do
      instance_exec(&keep_busy)
      began = computed
      Thread.new do
        work.call
        EventMachine.next_tick { (spent = computed - began) && done }
      end
    end
    spent
  end

  busy.each do |how, keep_busy|
    it "#{how} lets other threads sleep" do
      expect(computed_beside(keep_busy, -> { 30.times { sleep 0.001 } })).to be < limit
    end
  end

  it "lets threads wait for input" do
    near, far = UNIXSocket.pair
    work = lambda do
      answering = Thread.new { 50.times { far.write(far.readpartial(10)) } }
      50.times { near.write("word") && near.readpartial(10) }
      answering.join
    end
    expect(computed_beside(busy["with ticks"], work)).to be < limit
  end

  it "lets threads wait for each other" do
    asked = Queue.new
    answered = Queue.new
    work = lambda do
      answering = Thread.new { 50.times { answered << asked.pop } }
      50.times { (asked << true) && answered.pop }
      answering.join
    end
    expect(computed_beside(busy["with ticks"], work)).to be < limit
  end

  it "lets a thread compute" do
    work = lambda do
      enough = computed + 0.05
      nil while computed < enough
    end
    # Both have half of the time, or so.
    expect(computed_beside(busy["with ticks"], work)).to be < 1
  end
end
