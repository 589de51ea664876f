# frozen_string_literal: true

require "timeout"

# All that a stream can do, on every kind of connection, and on what has ended.
RSpec.describe EventMachine::Stream do
  # Sends everything back as it comes, and its end.
  echo = lambda do |stream|
    loop { stream.write(stream.readpartial(65_536)) }
  rescue EOFError
    stream.close_write
  end

  kinds = {
    tcp: -> { described_class.connect("127.0.0.1", port_of(EventMachine.serve("127.0.0.1", 0, &echo))) },
    unix: -> { EventMachine.serve(socket_path, &echo) && described_class.connect(socket_path) },
    attached: lambda do
      near, far = UNIXSocket.pair.map { |socket| EventMachine.attach(socket, described_class) }
      EventMachine.fiber { echo.call(far) }
      near
    end,
    tls: lambda do
      port = port_of(EventMachine.serve("127.0.0.1", 0, tls: TLSAuthority.localhost.options, &echo))
      described_class.connect("127.0.0.1", port, tls: true)
    end,
    child: -> { EventMachine.popen("cat", described_class) }
  }

  # What the block comes to, or the exception's class.
  def outcome
    yield
  rescue StandardError => error
    error.class
  end

  # Everything that waits or asks, by name.
  calls = {
    read: ->(stream) { stream.read }, read_some: ->(stream) { stream.read(1) }, gets: ->(stream) { stream.gets },
    readpartial: ->(stream) { stream.readpartial(1) }, each_line: ->(stream) { stream.each_line.to_a },
    eof?: ->(stream) { stream.eof? }, write: ->(stream) { stream.write("x") }, append: ->(stream) { stream << "x" },
    flush: ->(stream) { stream.flush }, close_write: ->(stream) { stream.close_write },
    full: ->(stream) { stream.outbound_full? }, limits: ->(stream) { stream.set_outbound_limits },
    follow: ->(stream) { stream.pause_when_full(stream) }, timeout: ->(stream) { stream.timeout = 1 },
    close: ->(stream) { stream.close }, closed?: ->(stream) { stream.closed? }
  }
  over = { read: "", read_some: nil, gets: nil, readpartial: EOFError, each_line: [], eof?: true, write: Errno::EPIPE,
           append: Errno::EPIPE, flush: Errno::EPIPE, close_write: false, full: true, limits: false, follow: false,
           timeout: 1, close: nil, closed?: true }
  reading = %i[read read_some gets readpartial each_line eof? write append flush]
  # What still writes has its limits.
  closed = over.except(:limits, :follow).merge(reading.to_h { |name| [name, IOError] })

  kinds.each do |kind, open|
    describe "(#{kind})", :tls do
      define_method(:stream) { instance_exec(&open) }

      it "reads and writes in all ways" do
        read = in_fiber do
          one = stream
          one.write("line\nli", "ne\nrest\npart")
          got = [one.gets, one.gets(chomp: true), one.read(3), one.gets("t", limit: 2), one.eof?, one.gets]
          got << one.read(4)
          one << "last\n" << "lines\n"
          one.flush
          [got, one.close_write, one.each_line(chomp: true).to_a, one.eof?, one.close, one.closed?]
        end
        expect(read).to eq([["line\n", "line", "res", "t", false, "\n", "part"], true, %w[last lines], true, nil, true])
      end

      it "waits for a slow reader, and loses nothing" do
        data = Random.new(1).bytes(3_000_000)
        most = 0
        back = in_fiber do
          one = stream
          writer = EventMachine.fiber do
            0.step(data.bytesize - 1, 100_000) do |from|
              one.write(data.byteslice(from, 100_000))
              most = [most, one.get_outbound_data_size].max
            end
            one.close_write
          end
          settle(10)
          one.read.tap { writer.await }
        end
        expect(back == data).to be(true)
        expect(most).to be < 65_536 + 110_000
      end

      it "waits no longer than its timeout" do
        errors = in_fiber do
          one = stream
          one.timeout = 0.01
          %i[read gets readpartial eof?].map { |name| outcome { calls.fetch(name).call(one) } }
        end
        expect(errors).to eq([Timeout::Error] * 4)
      end

      it "wakes who waits when it is closed by another fiber" do
        errors = in_fiber do
          %i[close close_connection].map do |ending|
            one = stream
            reader = EventMachine.fiber { outcome { one.gets } }
            settle
            one.public_send(ending)
            reader.await
          end
        end
        expect(errors).to eq([IOError, nil])
      end

      it "refuses what cannot be once it was closed" do
        results = in_fiber do
          one = stream
          one.close
          calls.slice(*closed.keys).transform_values { |call| outcome { call.call(one) } }
        end
        expect(results).to eq(closed)
      end

      it "is at its end once it is detached" do
        results = in_fiber do
          one = stream
          io_of(one.detach).close
          settle
          calls.transform_values { |call| outcome { call.call(one) } }
        end
        expect(results).to eq(over)
      end
    end
  end
end
