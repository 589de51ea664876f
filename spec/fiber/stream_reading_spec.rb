# frozen_string_literal: true

# What reads natively, where Ruby would meet it differently.
RSpec.describe "Reading from a stream" do
  def ends(&block)
    in_fiber do
      near, far = UNIXSocket.pair
      stream = EventMachine.attach(near, described_stream)
      block.call(stream, far)
    ensure
      far.close unless far.closed?
      stream.close
    end
  end

  let(:described_stream) { EventMachine::Stream }

  it "takes any length for more than there can be" do
    read = ends do |stream, far|
      far.write("abcdef")
      [stream.readpartial(2**70), (far.write("gh") && far.close_write) || stream.read(2**70)]
    end
    expect(read).to eq(%w[abcdef gh])
  end

  it "takes parts of many pieces in order" do
    bytes = Random.new(3).bytes(200_000)
    read = ends do |stream, far|
      EventMachine.fiber { bytes.scan(/.{1,7000}/mn) { |piece| far.write(piece) } && far.close_write }
      parts = []
      loop { parts << stream.readpartial(1 + (parts.size % 5000)) }
    rescue EOFError
      parts.join
    end
    expect(read == bytes).to be(true)
  end

  it "names an argument that is no length" do
    ends do |stream, _|
      expect { stream.readpartial("x") }.to raise_error(TypeError, /"x"/)
      expect { stream.readpartial(-1) }.to raise_error(ArgumentError, /-1/)
      expect { stream.readpartial(nil) }.to raise_error(TypeError, /nil/)
    end
  end

  context "with a receive_data of its own" do
    let(:described_stream) { Class.new(EventMachine::Stream) { def receive_data(data) = super(data.upcase) } }

    it "gets what that passes on" do
      expect(ends { |stream, far| far.write("abc") && stream.readpartial(9) }).to eq("ABC")
    end
  end

  context "with a receive_data that passes on what it makes of it" do
    let(:described_stream) do
      Class.new(EventMachine::Stream) { def receive_data(data) = data.each_char { |char| super(MADE.fetch(char)) } }
    end

    before { stub_const("MADE", { "0" => "", "f" => "frozen\n".b.freeze, "t" => "öffentlich\n" }) }

    it "waits where that is nothing" do
      read = ends do |stream, far|
        reader = EventMachine.fiber { stream.readpartial(9) }
        far.write("0")
        settle
        stream.receive_data("0")
        status = reader.status
        far.write("f")
        [status, reader.await]
      end
      expect(read).to eq([:waiting, "frozen\n"])
    end

    it "has binary lines, whatever it is" do
      read = ends do |stream, far|
        far.write("fttf")
        far.close
        stream.each_line.to_a
      end
      expect(read).to eq(["frozen\n", "öffentlich\n".b, "öffentlich\n".b, "frozen\n"])
      expect(read.map(&:encoding).uniq).to eq([Encoding::BINARY])
    end
  end

  it "finds a separator in any encoding, and leaves it out" do
    lines = ends do |stream, far|
      far.write("\xFFé|é".b)
      [stream.gets("é", chomp: true), stream.gets("é".encode("UTF-8"))]
    end
    expect(lines).to eq(["\xFF".b, "|é".b])
  end

  it "finds a line that another fiber has taken the beginning of" do
    read = ends do |stream, far|
      far.write("0123456789")
      settle
      line = EventMachine.fiber { stream.gets }
      taken = stream.readpartial(8)
      far.write("a\nb\n0123456789")
      [taken, line.await, stream.gets]
    end
    expect(read).to eq(%W[01234567 89a\n b\n])
  end

  [1e300, Float::INFINITY, 10**400, 2**64].each do |seconds|
    it "waits for #{seconds.is_a?(Float) ? seconds : "2**#{seconds.bit_length - 1}"} seconds, as for any time" do
      read = ends do |stream, far|
        stream.timeout = seconds
        reader = EventMachine.fiber { [stream.readpartial(1), stream.gets, stream.eof?] }
        settle
        far.write("abc\n")
        settle
        far.close
        reader.await
      end
      expect(read).to eq(["a", "bc\n", true])
    end
  end

  it "is woken where it waits by the scheduler of another thread" do
    read = ends do |stream, far|
      asked = Thread::Queue.new
      reader = Thread.new do
        Fiber.set_scheduler(EventMachine::Scheduler.new)
        read = []
        Fiber.schedule { 100.times { asked.push(true) && (read << stream.readpartial(9)) } }
        Fiber.scheduler.run
        read
      end
      100.times { |round| asked.pop && far.write(round.to_s) }
      EventMachine.await(reader)
    end
    expect(read).to eq(Array.new(100, &:to_s))
  end

  it "raises where the fiber waits: what is cancelled reads no more, and another may" do
    read = ends do |stream, far|
      reader = EventMachine.fiber { stream.readpartial(1) }
      reader.cancel
      expect { reader.await }.to raise_error(EventMachine::TaskCancelled)
      far.write("x") && stream.readpartial(1)
    end
    expect(read).to eq("x")
  end

  it "may go on at once after a race that another task has won" do
    read = ends do |stream, far|
      EventMachine.race(EventMachine.fiber { stream.gets }, EventMachine.fiber { sleep 0 })
      far.write("line\n")
      stream.gets
    end
    expect(read).to eq("line\n")
  end

  it "is over in time, and at each end of the stream" do
    ends do |stream, far|
      stream.timeout = 0.01
      expect { stream.readpartial(1) }.to raise_error(Timeout::Error, /0.01/)
      stream.timeout = nil
      far.close
      expect { stream.readpartial(1) }.to raise_error(EOFError)
      stream.close
      expect { stream.readpartial(1) }.to raise_error(IOError, "closed stream")
    end
  end

  it "raises where the stream is closed meanwhile" do
    ends do |stream, _|
      reader = EventMachine.fiber { stream.readpartial(1) }
      stream.close
      expect { reader.await }.to raise_error(IOError, "closed stream")
    end
  end

  it "raises in a callback, where nothing may wait" do
    ends do |stream, _|
      raised = EventMachine::DefaultDeferrable.new
      EventMachine.next_tick do
        stream.readpartial(1)
      rescue EventMachine::NotInFiber => error
        raised.succeed(error.message)
      end
      expect(raised.await).to include("in EventMachine.fiber")
    end
  end
end
