# frozen_string_literal: true

RSpec.describe EventMachine::ReadinessWatch do
  let(:seen) { [] }
  let!(:pipe) { IO.pipe }

  after { pipe.each(&:close) }

  def reader
    pipe.first
  end

  def writer
    pipe.last
  end

  # Runs the loop for a moment, in which no descriptor may be left open.
  def em_without_leak(&block)
    before = Dir.children("/proc/self/fd").size
    em(&block)
    expect(Dir.children("/proc/self/fd").size).to be <= before + 4 # the loop's own
    expect(state(:@watches)).to be_empty
  end

  it "calls once when there is something to read, and reads nothing" do
    em_without_leak do
      EventMachine.wait_readable(reader) { |ready| seen << ready << EventMachine.connection_count }
      EventMachine.add_timer(0.005) { seen << :written << writer.write("text") }
      EventMachine.add_timer(0.02) { done }
    end
    expect(seen.first(3)).to eq([:written, 4, true])
    expect(seen.size).to eq(4)
    expect(reader.read_nonblock(9)).to eq("text")
  end

  it "calls when it can be written to, by a descriptor too" do
    em_without_leak { EventMachine.wait_writable(writer.fileno, 5) { |ready| (seen << ready) && done } }
    expect(seen).to eq([true])
    expect(writer).not_to be_closed
  end

  it "calls with false when it takes too long" do
    em_without_leak { EventMachine.wait_readable(reader, 0.005, ->(ready) { (seen << ready) && done }) }
    expect(seen).to eq([false])
  end

  it "finds regular files ready" do
    File.open(__FILE__) do |file|
      em_without_leak { EventMachine.wait_readable(file, 5) { |ready| (seen << ready) && done } }
    end
    expect(seen).to eq([true])
  end

  it "leaves another watch of the same descriptor alone" do
    em do
      handler = Module.new do
        define_method(:notify_readable) { detach && EventMachine.add_timer(0.005) { EventMachine.stop } }
      end
      EventMachine.wait_readable(reader) do |ready|
        seen << ready
        EventMachine.watch(reader, handler) { |connection| connection.notify_readable = true }
        EventMachine.wait_readable(reader) { |again| seen << again }
      end
      writer.write("text")
    end
    expect(seen).to eq([true, true])
  end

  it "can be cancelled, and ends with the loop" do
    em_without_leak do
      watch = EventMachine.wait_readable(reader, 0.001) { seen << :called }
      expect([watch.cancel, watch.cancel]).to eq([true, false])
      EventMachine.wait_readable(reader) { seen << :late }
      EventMachine.add_timer(0.01) { done }
    end
    expect(seen).to be_empty
  end

  it "is waited for by a fiber" do
    in_fiber do
      expect(EventMachine.wait_writable(writer).await).to be(true)
      expect(EventMachine.wait_readable(reader, 0.001).await).to be(false)
    end
  end

  it "refuses what cannot be waited for" do
    em_without_leak do
      closed = IO.pipe.each(&:close).first
      expect { EventMachine.wait_readable(closed) }.to raise_error(IOError, /closed/)
      expect { EventMachine.wait_readable("text") }.to raise_error(TypeError, /neither.*"text"/)
      expect { EventMachine.wait_readable(reader, Float::NAN) }.to raise_error(FloatDomainError)
      expect { described_class.new(reader, :sideways) }.to raise_error(ArgumentError, /sideways/)
      done
    end
  end

  it "needs a running reactor" do
    expect { EventMachine.wait_readable(reader) }.to raise_error(RuntimeError, /not initialized: wait_readable/)
  end
end
