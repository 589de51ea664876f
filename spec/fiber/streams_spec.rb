# frozen_string_literal: true

require "timeout"

RSpec.describe EventMachine::Stream do
  # Serves with the block, and returns what the client's block comes to in a task.
  def with_stream(service, options = {}, **client)
    in_fiber do
      port = port_of(EventMachine.serve("127.0.0.1", 0, **options, &service))
      EventMachine::Stream.connect("127.0.0.1", port, **client) { |stream| yield stream }
    end
  end

  # A server that sends this, and closes.
  def sending(*data)
    ->(stream) { data.each { |piece| stream.write(piece) && stream.flush && sleep(0.002) } }
  end

  upcase = ->(stream) { stream.each_line { |line| stream.write(line.upcase) } }

  it "serves lines, each connection in a fiber of its own" do
    answers = in_fiber do
      port = port_of(EventMachine.serve("127.0.0.1", 0, &upcase))
      EventMachine.group do |group|
        %w[one two three].each do |word|
          group.fiber do
            EventMachine::Stream.connect("127.0.0.1", port) do |stream|
              stream << "#{word}\n" << "#{word}!\n"
              [stream.gets, stream.gets(chomp: true)]
            end
          end
        end
      end
    end
    expect(answers).to eq([%W[ONE\n ONE!], %W[TWO\n TWO!], %W[THREE\n THREE!]])
  end

  describe "reading" do
    it "takes so many bytes, or all" do
      read = with_stream(sending("ab", "cde", "fghij")) { |stream|
        [3, 0, 4, nil, nil, 0, 5].map { |n|
          stream.read(n)
        }
      }
      expect(read).to eq(["abc", "", "defg", "hij", "", "", nil])
      expect(read.compact.map(&:encoding).uniq).to eq([Encoding::BINARY])
      # They are the caller's.
      expect(read.compact).to all(satisfy { |data| !data.frozen? })
      expect(read.compact.uniq(&:object_id).size).to eq(6)
    end

    it "takes what there is, up to a number" do
      read = with_stream(sending("abc", "de")) do |stream|
        parts = [stream.readpartial(2), stream.readpartial(9), stream.readpartial(9)]
        expect { stream.readpartial(1) }.to raise_error(EOFError)
        parts
      end
      expect(read).to eq(%w[ab c de])
    end

    it "takes lines, whatever pieces they come in" do
      read = with_stream(sending("a", "b\r", "\nc\n\nd", "e")) do |stream|
        [stream.gets("\r\n"), stream.gets("\r\n", limit: 1), stream.gets, stream.gets(chomp: true), stream.gets,
         stream.gets]
      end
      expect(read).to eq(["ab\r\n", "c", "\n", "", "de", nil])
    end

    it "takes all of it as a line, where that has no separator" do
      expect(with_stream(sending("a\n", "b\n")) { |stream|
               [stream.gets(nil), stream.gets(nil)]
             }).to eq(["a\nb\n", nil])
    end

    it "takes a line that is longer than the read limit" do
      line = "#{'x' * 300_000}\n"
      expect(with_stream(sending(line), read_limit: 1000, &:gets) == line).to be(true)
    end

    it "enumerates lines" do
      expect(with_stream(sending("a\nb\n")) { |stream| stream.each_line(chomp: true).to_a }).to eq(%w[a b])
    end

    it "tells whether there is more" do
      expect(with_stream(sending("a")) { |stream| [stream.eof?, stream.read(1), stream.eof?, stream.eof] })
        .to eq([false, "a", true, true])
    end

    it "stops above its limit, and goes on" do
      most = 0
      data = Random.new(1).bytes(12_000_000)
      received = with_stream(->(stream) { stream.write(data) }, read_limit: 10_000) do |stream|
        sleep 0.05
        most = stream.instance_variable_get(:@stream_state).input.bytesize
        stream.read
      end
      expect(received == data).to be(true)
      expect(most).to be_between(10_000, 10_000 + 65_536)
    end

    it "refuses arguments that make no sense, and a second reader" do
      with_stream(->(stream) { stream.read }) do |stream|
        expect { stream.read(-1) }.to raise_error(ArgumentError, /-1/)
        expect { stream.readpartial(0) }.to raise_error(ArgumentError, /0/)
        expect { stream.gets("") }.to raise_error(ArgumentError)
        expect { stream.gets(limit: 0) }.to raise_error(ArgumentError, /0/)
        reader = EventMachine.fiber { stream.read(1) }
        expect { stream.read(1) }.to raise_error(IOError, /another fiber/)
        reader.cancel
      end
    end
  end

  describe "writing" do
    it "waits above the high mark, so that little waits" do
      most = []
      service = lambda do |stream|
        200.times do
          stream.write("x" * 50_000)
          most << stream.get_outbound_data_size
        end
      end
      size = with_stream(service) { |stream| (sleep 0.05) && stream.read.bytesize }
      expect(size).to eq(10_000_000)
      expect(most.max).to be < 65_536 + 50_000
    end

    it "waits for all of it in flush" do
      left = nil
      with_stream(->(stream) { (sleep 0.02) && stream.read }) do |stream|
        stream.write("x" * 5_000_000)
        left = stream.flush.get_outbound_data_size
      end
      expect(left).to eq(0)
    end

    it "takes anything that has a text, and says how many bytes that was" do
      sizes = nil
      sends = lambda do |stream|
        sizes = [[], [nil], ["é", 12, :a], ["x" * 40_000, "y"]].map { |data| stream.write(*data) }
      end
      expect(with_stream(sends, &:read)).to eq("é12a#{"x" * 40_000}y".b)
      expect(sizes).to eq([0, 0, 5, 40_001])
    end

    it "can end before reading does" do
      answer = with_stream(->(stream) { stream.write("answer to #{stream.read}") }) do |stream|
        stream.write("this")
        expect(stream.close_write).to be(true)
        expect { stream.write("more") }.to raise_error(Errno::EPIPE)
        stream.read
      end
      expect(answer).to eq("answer to this")
    end

    it "fails once the peer is gone" do
      error = with_stream(->(stream) { stream.close }) do |stream|
        stream.read
        loop { stream.write("x" * 1000) && sleep(0.001) }
      rescue SystemCallError => e
        e
      end
      expect(error).to be_a(Errno::EPIPE).or be_a(Errno::ECONNRESET)
    end

    it "wakes one that waits when the connection is closed, and when it is lost" do
      errors = in_fiber do
        port = port_of(EventMachine.serve("127.0.0.1", 0) { sleep })
        %i[close close_connection].map do |method|
          stream = EventMachine::Stream.connect("127.0.0.1", port)
          writer = EventMachine.fiber { stream.write("x" * 20_000_000) }
          sleep 0.01
          stream.public_send(method)
          begin
            writer.await
          rescue IOError, SystemCallError => e
            e.class
          end
        end
      end
      expect(errors).to eq([IOError, Errno::EPIPE])
    end
  end

  describe "ending" do
    it "is closed with its block, on both sides" do
      streams = []
      with_stream(->(stream) { streams << stream }) { |stream| streams << stream && stream.read }
      expect(streams.map(&:closed?)).to eq([true, true])
      expect { streams.first.read }.to raise_error(IOError, "closed stream")
      ["x", ""].each { |data| expect { streams.first.write(data) }.to raise_error(IOError, "closed stream") }
      expect(streams.first.close).to be_nil
    end

    it "raises the reason for which it was lost, once all is read that came before" do
      result = in_fiber do
        server = TCPServer.new("127.0.0.1", 0)
        stream = EventMachine::Stream.connect("127.0.0.1", server.addr[1])
        peer = server.accept
        peer.write("word")
        peer.setsockopt(Socket::SOL_SOCKET, Socket::SO_LINGER, [1, 0].pack("ii"))
        first = stream.read(4)
        peer.close
        [first, stream.read]
      rescue SystemCallError => e
        [first, e.class]
      end
      expect(result).to eq(["word", Errno::ECONNRESET])
    end

    it "raises why it could not connect" do
      in_fiber do
        expect { EventMachine::Stream.connect("127.0.0.1", free_port) }.to raise_error(Errno::ECONNREFUSED)
        expect { EventMachine::Stream.connect("127.0.0.1", 0) }.to raise_error(EventMachine::ConnectionError)
        expect { EventMachine::Stream.connect("127.0.0.1", 1, wrong: 1) }.to raise_error(ArgumentError, /:wrong/)
      end
    end

    it "takes no longer than its timeout" do
      with_stream(->(_) { sleep }, timeout: nil) do |stream|
        expect { stream.timeout = 0 }.to raise_error(ArgumentError, /0/)
        stream.timeout = 0.01
        expect { stream.read(1) }.to raise_error(Timeout::Error, /0.01 s/)
        expect { stream.write("x" * 20_000_000) }.to raise_error(Timeout::Error)
        stream.close_connection
      end
    end

    it "leaves nothing waiting when a task is cancelled" do
      with_stream(->(stream) { stream.read }) do |stream|
        reader = EventMachine.fiber { stream.read }
        sleep 0
        reader.cancel
        sleep 0
        expect(reader.status).to eq(:cancelled)
        stream.close_write
        expect(stream.read).to eq("")
      end
    end

    it "is not for callbacks" do
      error = nil
      em do
        EventMachine.connect("127.0.0.1", serve, described_class) do |stream|
          error = [stream, described_class].map do |it|
            it.equal?(stream) ? it.read : it.connect("127.0.0.1", 1)
          rescue EventMachine::NotInFiber => e
            e.class
          end
        end
        EventMachine.stop
      end
      expect(error).to eq([EventMachine::NotInFiber] * 2)
    end

    it "is at its end when it is detached" do
      with_stream(->(stream) { stream.read }) do |stream|
        IO.for_fd(stream.detach).close
        expect(stream.read).to eq("")
        expect { stream.write("x") }.to raise_error(Errno::EPIPE)
      end
    end
  end

  describe "elsewhere" do
    it "works on Unix sockets" do
      answer = in_fiber do
        EventMachine.serve(socket_path, &upcase)
        EventMachine::Stream.connect(socket_path) { |stream| stream.write("line\n") && stream.gets }
      end
      expect(answer).to eq("LINE\n")
    end

    it "connects again, with nothing of the former connection" do
      in_fiber do
        server = TCPServer.new("127.0.0.1", 0)
        stream = EventMachine::Stream.connect("127.0.0.1", server.addr[1], high: 10_000)
        server.accept.tap { |peer| peer.write("old") }.close
        expect(stream).not_to be_eof
        stream.close
        sleep 0 until EventMachine.connection_count.zero?
        stream.reconnect("127.0.0.1", server.addr[1])
        expect(stream).not_to be_closed
        peer = server.accept
        writer = EventMachine.fiber { stream.write("x" * 2_000_000) }
        EventMachine.fiber { peer.read(2_000_000) && peer.write("new\n") && peer.close }
        expect([writer.await, stream.gets, stream.gets]).to eq([2_000_000, "new\n", nil])
      end
    end

    it "works under TLS, with verification", :tls do
      verified = { verify: true, ca_file: TLSAuthority.root.file, sni_hostname: "localhost" }
      answer = with_stream(upcase, { tls: TLSAuthority.localhost.options }, tls: verified) do |stream|
        stream.write("line\n")
        [stream.gets, stream.get_cipher_protocol]
      end
      expect(answer).to eq(["LINE\n", "TLSv1.3"])
    end

    it "begins TLS without a turn of the loop, in which the peer's first message would come", :tls do
      # As Ruby 3.4 does in a fiber.
      allow(File).to receive(:exist?).and_wrap_original do |exist, path|
        sleep(0)
        exist.call(path)
      end
      # Ruby 3.4 also takes turns for the files that this writes.
      options = TLSAuthority.localhost.options
      turns = in_fiber do
        stream = EventMachine.attach(kept(UNIXSocket.pair).first, EventMachine::Connection)
        before = EventMachine.iteration
        stream.start_tls(options)
        EventMachine.iteration - before
      end
      expect(turns).to eq(0)
      expect(File).to have_received(:exist?).twice
    end

    it "raises why a certificate is not good", :tls do
      in_fiber do
        port = port_of(EventMachine.serve("127.0.0.1", 0, tls: true, &upcase))
        expect { EventMachine::Stream.connect("127.0.0.1", port, tls: { verify: true }) }
          .to raise_error(EventMachine::CertificateError)
      end
    end

    it "is what EventMachine.popen makes of a child process" do
      sorted = in_fiber do
        sort = EventMachine.popen("sort", described_class)
        sort.write("b\na\n")
        sort.close_write
        sort.read
      end
      expect(sorted).to eq("a\nb\n")
    end

    it "can be proxied" do
      answer = in_fiber do
        backend = port_of(EventMachine.serve("127.0.0.1", 0, &upcase))
        port = port_of(EventMachine.serve("127.0.0.1", 0) do |front|
          back = EventMachine::Stream.connect("127.0.0.1", backend)
          front.proxy_incoming_to(back)
          back.proxy_incoming_to(front)
          EventMachine.await(EventMachine::DefaultDeferrable.new)
        end)
        EventMachine::Stream.connect("127.0.0.1", port) { |stream| stream.write("line\n") && stream.gets }
      end
      expect(answer).to eq("LINE\n")
    end
  end

  describe "a server" do
    it "goes on when a peer is lost, and hands other exceptions to the error handler" do
      errors = []
      answer = in_fiber do
        EventMachine.error_handler { |error| errors << error.message }
        port = port_of(EventMachine.serve("127.0.0.1", 0) do |stream|
          raise "own" if stream.read(4) == "fail"

          stream.readpartial(1) && stream.write("fine")
        end)
        %w[fail lost].each do |word|
          EventMachine::Stream.connect("127.0.0.1", port) do |stream|
            stream.write(word)
            stream.close_write
            stream.read
          end
        end
        EventMachine::Stream.connect("127.0.0.1", port) { |stream| stream.write("12345") && stream.read }
      end
      expect([errors, answer]).to eq([["own"], "fine"])
    end

    it "takes so many at a time" do
      busy = most = 0
      in_fiber do
        port = port_of(EventMachine.serve("127.0.0.1", 0, max_connections: 2) do |stream|
          most = [most, busy += 1].max
          stream.read
          sleep 0.01
          busy -= 1
        end)
        EventMachine.group do |group|
          5.times do
            group.fiber do
              EventMachine::Stream.connect("127.0.0.1", port) { |stream| stream.close_write && stream.read }
            end
          end
        end
      end
      expect(most).to eq(2)
    end

    it "closes connections that there are no fibers for" do
      warnings = answer = nil
      in_fiber do
        port = port_of(EventMachine.serve("127.0.0.1", 0, &upcase))
        allow(EventMachine).to receive(:fiber).and_raise(FiberError, "can't set a guard page")
        warnings = capture_warnings { answer = Array.new(2) { EventMachine::Stream.connect("127.0.0.1", port).read } }
      end
      expect(answer).to eq(["", ""])
      expect(warnings.lines.grep(/a connection was closed: can't set/).size).to eq(1)
    end

    def capture_warnings
      before = $stderr
      $stderr = StringIO.new
      yield
      $stderr.string
    ensure
      $stderr = before
    end

    it "answers before it stops gracefully" do
      answer = in_fiber do
        port = port_of(EventMachine.serve("127.0.0.1", 0) { |stream| stream.gets && sleep(0.1) && stream.write("bye") })
        EventMachine::Stream.connect("127.0.0.1", port) do |stream|
          stream.write("now\n")
          sleep 0.01
          EventMachine.stop_gracefully(3, quiet: 0.02)
          stream.read
        end
      end
      expect(answer).to eq("bye")
    end

    it "needs a block, and options that there are" do
      em do
        expect { EventMachine.serve("127.0.0.1", 0) }.to raise_error(ArgumentError, /no block/)
        expect { EventMachine.serve("127.0.0.1", 0, wrong: 1) { nil } }.to raise_error(ArgumentError, /:wrong/)
        EventMachine.stop
      end
    end
  end
end
