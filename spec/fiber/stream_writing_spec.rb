# frozen_string_literal: true

# Who waits to write is told when there is room, whoever else waits, and whatever limits there are meanwhile.
RSpec.describe "Waiting to write to a stream" do
  let(:much) { 2_000_000 }

  def ends(**options)
    in_fiber do
      near, far = UNIXSocket.pair
      stream = EventMachine.attach(near, EventMachine::Stream, **options)
      yield stream, far
    ensure
      far.close unless far.closed?
      stream.close
    end
  end

  # Reads so many bytes, with turns of the loop between.
  def drain(far, size)
    size -= far.readpartial([size, 50_000].min).bytesize while size.positive?
  end

  def queue(stream)
    stream.send_data("x" * much)
    settle
  end

  it "lasts until all is sent for each that flushes, also if another one is done or gives up" do
    results = ends do |stream, far|
      queue(stream)
      first = EventMachine.fiber { stream.flush && :first }
      writer = EventMachine.fiber { stream.write("y" * 100_000) && stream.write("z") && :writer }
      last = EventMachine.fiber { stream.flush && stream.get_outbound_data_size }
      given_up = EventMachine.fiber { stream.flush }
      settle
      given_up.cancel
      settle
      drain(far, much + 100_001)
      [first, writer, last].map(&:await)
    end
    expect(results).to eq([:first, :writer, 0])
  end

  it "raises where the system has refused what was queued, which is not sent" do
    ends(read_limit: 1) do |stream, far|
      far.write("unread")
      expect(stream).not_to be_eof
      settle
      far.close
      stream.send_data("x" * much)
      expect { stream.flush }.to raise_error(Errno::EPIPE)
      expect(stream).to be_closed
    end
  end

  # What the peer has said is in the stream, which has stopped reading, or is yet to come.
  [1, 100_000].each do |limit|
    it "raises for who waits already when the system refuses it, where #{limit} bytes may wait to be read" do
      ends(read_limit: limit) do |stream, far|
        far.write("unread")
        settle
        stream.send_data("x" * much)
        writer = EventMachine.fiber { expect { stream.flush }.to raise_error(Errno::EPIPE) }
        settle
        far.write("more")
        far.close
        writer.await
        expect { stream.write("y") }.to raise_error(Errno::EPIPE)
      end
    end
  end

  it "raises where reading has stopped, and the system has refused what was queued" do
    ends(read_limit: 1) do |stream, far|
      far.write("unread")
      settle
      far.write("more")
      far.close
      stream.send_data("x" * much)
      expect { stream.flush }.to raise_error(Errno::EPIPE)
      expect(stream).to be_closed
      expect(stream.readpartial(100)).to eq("unreadmore")
    end
  end

  it "raises where the connection is paused, and the system has refused what was queued" do
    ends do |stream, far|
      stream.pause
      far.close
      stream.send_data("x" * much)
      EventMachine.next_tick { stream.resume }
      expect { stream.flush }.to raise_error(Errno::EPIPE)
    end
  end

  it "ends for all that were waiting when there was room, though the first of them has used it" do
    results = ends do |stream, far|
      queue(stream)
      first = EventMachine.fiber { stream.write("y") && stream.write("y" * 50_000) }
      second = EventMachine.fiber { stream.write("z") }
      settle
      drain(far, much + 50_002)
      [first, second].map(&:await)
    end
    expect(results).to eq([50_000, 1])
  end

  it "goes by limits that are set later" do
    { { high: 1_000_000 } => 250_000, { high: 1000, low: 10 } => 10, {} => 16_384 }.each do |limits, low|
      left = ends do |stream, far|
        stream.set_outbound_limits(**limits)
        queue(stream)
        writer = EventMachine.fiber { stream.write("y") && stream.get_outbound_data_size }
        settle
        expect(writer.status).to eq(:waiting)
        drain(far, much + 1)
        writer.await
      end
      expect(left).to be <= low
    end
  end

  it "goes on when limits are set that leave room" do
    ends do |stream, far|
      queue(stream)
      writer = EventMachine.fiber { stream.write("y") && stream.get_outbound_data_size }
      settle
      stream.set_outbound_limits(high: 10 * much, low: 5 * much)
      expect(writer.await).to be > 65_536
      expect(stream.write("y")).to eq(1)
      drain(far, much + 2)
    end
  end

  it "refuses limits that make no sense, and keeps those that there were" do
    ends do |stream, far|
      expect { stream.set_outbound_limits(high: 0) }.to raise_error(ArgumentError, /0/)
      expect { stream.set_outbound_limits(high: 10, low: 10) }.to raise_error(ArgumentError, /10/)
      expect { stream.set_outbound_limits(high: "x") }.to raise_error(TypeError, /"x"/)
      writer = EventMachine.fiber { stream.write("x" * much) }
      drain(far, much)
      expect(writer.await).to eq(much)
    end
  end
end
