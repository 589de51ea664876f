# frozen_string_literal: true

require "openssl"
require "socket"

RSpec.describe "Ruby's I/O in fibers" do
  # The outcome of the block, in which an error is one, too.
  def outcome
    yield
  rescue StandardError => error
    error.class
  end

  it "gives two readers of one descriptor a byte each" do
    got = in_fiber do
      reader, writer = IO.pipe
      readers = Array.new(2) { fiber { reader.readpartial(1) } }
      settle
      writer << "ab"
      EventMachine.gather(*readers)
    end
    expect(got).to contain_exactly("a", "b")
  end

  it "lets one fiber read from a socket and another wait for room to write to it" do
    got = in_fiber do
      near, far = UNIXSocket.pair
      reading = fiber { near.read(3) }
      begin
        loop { near.write_nonblock("x" * 65_536) }
      rescue IO::WaitWritable
        writing = fiber { near.wait_writable && :writable }
      end
      settle
      states = [reading.status, writing.status]
      far.read_nonblock(10_000_000)
      settle
      far << "abc"
      states + EventMachine.gather(reading, writing)
    end
    expect(got).to eq([:waiting, :waiting, "abc", :writable])
  end

  it "reads lines from a packet that holds several" do
    lines = in_fiber do
      near, far = UNIXSocket.pair
      reading = fiber { Array.new(3) { near.gets } }
      far << "1\n2\n"
      settle
      far << "3\n"
      reading.await
    end
    expect(lines).to eq(%W[1\n 2\n 3\n])
  end

  { "another fiber" => ->(io) { EventMachine.fiber { io.close } },
    "a callback" => ->(io) { EventMachine.next_tick { io.close } },
    "a thread" => ->(io) { Thread.new { io.close } } }.each do |who, close|
    it "raises an IOError in a reader whose IO is closed by #{who}" do
      error = in_fiber do
        reader, writer = IO.pipe
        reading = fiber { outcome { reader.read(1) } }
        settle
        close.call(reader)
        [reading.await, reader.closed?, writer.close]
      end
      expect(error.first(2)).to eq([IOError, true])
    end
  end

  it "does not mistake a descriptor for one that had its number before" do
    got = in_fiber do
      reader, _writer = IO.pipe
      first = fiber { outcome { reader.read(1) } }
      settle
      number = reader.fileno
      reader.close
      again, writer = Array.new(8) { IO.pipe }.find { |ends| ends.map(&:fileno).include?(number) } || IO.pipe
      second = fiber { again.read(1) }
      settle
      writer << "z"
      [first.await, second.await]
    end
    expect(got).to eq([IOError, "z"])
  end

  it "notices a number that was closed behind Ruby's back" do
    got = in_fiber do
      reader, writer = IO.pipe
      reader.autoclose = false
      fiber { reader.read(1) }
      writer << "a"
      settle
      number = reader.fileno
      IO.for_fd(number).close
      again, writer = IO.pipe
      fiber { again.read(1) }.tap { writer << "b" }.await
    end
    expect(got).to eq("b")
  end

  it "does not spin for a file that C code closed and a duplicate keeps open" do
    begin
      require "fiddle"
    rescue LoadError
      skip "Ruby is built without fiddle"
    end
    watched = in_fiber do
      reader, writer = IO.pipe
      reader.autoclose = false
      copy = reader.dup
      fiber { reader.readpartial(1) }
      number = reader.fileno
      writer << "ab"
      settle
      Fiddle::Function.new(Fiddle::Handle::DEFAULT["close"], [Fiddle::TYPE_INT], Fiddle::TYPE_INT).call(number)
      settle(10)
      [watched_by_queues.include?(number), copy.readpartial(1)]
    end
    expect(watched).to eq([false, "b"])
  end

  # The numbers of the descriptors that this process waits for by epoll(7): see proc(5).
  def watched_by_queues
    Dir["/proc/self/fd/*"].flat_map do |link|
      next [] unless File.readlink(link) == "anon_inode:[eventpoll]"

      File.read(link.sub("/fd/", "/fdinfo/"), encoding: "UTF-8").scan(/^tfd:\s*(\d+)/).flatten.map(&:to_i)
    rescue Errno::ENOENT
      []
    end
  end

  it "goes on with an IO that is reopened while a fiber waits for it" do
    got = in_fiber do
      reader, writer = IO.pipe
      waiting = fiber { reader.readpartial(10) }
      settle
      other, other_writer = IO.pipe
      reader.reopen(other)
      settle
      other_writer << "from the other"
      [waiting.await, writer.close]
    end
    expect(got.first).to eq("from the o")
  end

  it "waits for a descriptor that is a connection of the reactor's" do
    got = in_fiber do
      near, far = UNIXSocket.pair
      received = +""
      connection = EventMachine.attach(near, Module.new { define_method(:receive_data) { |data| received << data } })
      waiting = fiber { near.wait_readable(10).equal?(near) }
      settle
      far << "x"
      [waiting.await, (settle
                       received), connection.detach]
    end
    expect(got.first(2)).to eq([true, "x"])
  end

  it "waits for the standard input, a descriptor in blocking mode" do
    script = <<~RUBY
      EM.run do
        ticks = 0
        $stdout.sync = true
        EM.add_periodic_timer(0.01) { puts "ticking" if (ticks += 1) == 3 }
        EM.fiber { puts $stdin.gets; EM.stop }
      end
    RUBY
    command = [RbConfig.ruby, "-I", ProcessHelper::LIBRARY, "-r", "eventmachine", "-e", script]
    output = IO.popen(command, "r+") do |program|
      ticking = program.gets
      program.puts "a line"
      ticking + program.gets
    end
    expect(output).to eq("ticking\na line\n")
  end

  it "reads what a child process writes, and waits for its end" do
    got = in_fiber do
      output = IO.popen("sleep 0.05; echo hi", &:read)
      [output, $?.exitstatus, `echo there`, system("exit 3"), $?.exitstatus,
       Process.wait2(spawn("exit 4"))[1].exitstatus]
    end
    expect(got).to eq(["hi\n", 0, "there\n", false, 3, 4])
  end

  it "waits for any child" do
    output, = run_ruby(<<~RUBY)
      EM.main do
        child = spawn("exit 5")
        pid, status = Process.wait2(-1)
        p [pid == child, status.exitstatus]
      end
    RUBY
    expect(output).to eq("[true, 5]\n")
  end

  it "takes datagrams" do
    got = in_fiber do
      socket = UDPSocket.new
      socket.bind("127.0.0.1", 0)
      receiving = fiber { socket.recvfrom(10).first }
      settle
      UDPSocket.new.send("datagram", 0, "127.0.0.1", socket.addr[1])
      receiving.await
    end
    expect(got).to eq("datagram")
  end

  it "accepts and connects, by name and with a time limit" do
    got = in_fiber do
      server = TCPServer.new("127.0.0.1", 0)
      serving = fiber {
        2.times {
          fiber { |_|
            server.accept.then { |c|
              c.write(c.gets.upcase)
              c.close
            }
          }.await
        }
      }
      replies = [TCPSocket.new("localhost", server.addr[1]),
                 Socket.tcp("localhost", server.addr[1], connect_timeout: 2)].map do |socket|
        socket.puts "hello"
        socket.read
      end
      serving.await
      replies
    end
    expect(got).to eq(%W[HELLO\n HELLO\n])
  end

  it "raises what connecting to nobody raises" do
    port = free_port
    expect(in_fiber { outcome { TCPSocket.new("127.0.0.1", port) } }).to eq(Errno::ECONNREFUSED)
    expect(in_fiber { outcome { TCPSocket.new("no.such.host.invalid", 80) } }).to be <= SocketError
  end

  it "selects among several, for a time or at once" do
    got = in_fiber do
      one, one_writer = IO.pipe
      two, two_writer = IO.pipe
      selecting = fiber { IO.select([one, two], [two_writer], nil, 10) }
      none = IO.select([one, two], nil, nil, 0.01)
      waiting = fiber { IO.select([one, two]) }
      settle
      one_writer << "x"
      [selecting.await == [[], [two_writer], []], none, waiting.await == [[one], [], []]]
    end
    expect(got).to eq([true, nil, true])
  end

  it "keeps lines whole that several fibers write to an IO without a buffer" do
    lines = in_fiber do
      reader, writer = IO.pipe
      writer.sync = true
      EventMachine.gather(*Array.new(3) { |n|
        fiber {
          sleep 0
          writer.puts "line #{n}"
        }
      })
      writer.close
      reader.readlines(chomp: true)
    end
    expect(lines).to eq(["line 0", "line 1", "line 2"])
  end

  it "lets others have their turn though an IO can always be written to" do
    got = in_fiber do
      _reader, writer = IO.pipe
      ready = false
      fiber {
        sleep 0
        ready = true
      }
      writer.wait_writable until ready
      :ready
    end
    expect(got).to eq(:ready)
  end

  it "writes more than a pipe holds, to a pipe in blocking mode too" do
    got = in_fiber do
      reader, writer = IO.pipe
      writer.nonblock = false
      reading = fiber { reader.read.size }
      writer.write("x" * 1_000_000)
      writer.close
      reading.await
    end
    expect(got).to eq(1_000_000)
  end

  it "speaks TLS by Ruby's own sockets" do
    key = OpenSSL::PKey::RSA.new(2048)
    certificate = OpenSSL::X509::Certificate.new.tap do |made|
      made.subject = made.issuer = OpenSSL::X509::Name.parse("/CN=localhost")
      made.not_before, made.not_after = Time.now - 60, Time.now + 3600
      made.public_key, made.serial, made.version = key.public_key, 1, 2
      made.sign(key, OpenSSL::Digest.new("SHA256"))
    end
    got = in_fiber do
      server = TCPServer.new("127.0.0.1", 0)
      context = OpenSSL::SSL::SSLContext.new.tap { |c| c.cert, c.key = certificate, key }
      secure = OpenSSL::SSL::SSLServer.new(server, context)
      fiber { secure.accept.then { |connection| connection.puts(connection.gets.upcase) } }
      client = OpenSSL::SSL::SSLSocket.new(TCPSocket.new("127.0.0.1", server.addr[1])).connect
      client.puts "secret"
      client.gets
    end
    expect(got).to eq("SECRET\n")
  end

  it "makes no call of epoll_ctl where fibers go on with the same sockets" do
    registered = in_fiber do
      near, far = UNIXSocket.pair
      fiber { 3.times { far.write(far.readpartial(10)) } }
      counts_seen = Array.new(3) do
        near.write("x")
        near.readpartial(10)
        counts[:registrations]
      end
      counts_seen.uniq
    end
    expect(registered).to eq([2])
  end
end
