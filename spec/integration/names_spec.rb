# frozen_string_literal: true

require_relative "../support/fiber_helper"

# Names that are resolved off the loop.
RSpec.describe "A name" do
  include NameSpace

  # Tells what becomes of a connection.
  tale = Module.new do
    def initialize(log) = @log = log
    def connection_completed = @log << :completed

    def unbind(reason)
      @log << reason << resolution_error
      EventMachine.stop
    end
  end

  # @return [Integer] how many threads there are for names
  def resolver_threads
    Dir["/proc/self/task/*/comm"].count { |path| File.read(path, encoding: "UTF-8") == "em-resolver\n" }
  rescue Errno::ENOENT, Errno::ESRCH
    retry
  end

  after do
    EventMachine.name_resolution = :inline
    EventMachine.connection_attempt_delay = 0.25
    EventMachine.resolution_delay = 0.05
  end

  describe "by EventMachine.resolve" do
    it "that is an address is there at once, and needs no loop" do
      answers = []
      ["127.0.0.1", "::1", "[::1]"].each do |host|
        EventMachine.resolve(host).callback { |addresses| answers << addresses }
      end
      expect(answers).to eq([["127.0.0.1"], ["::1"], ["::1"]])
    end

    it "that is an address of the other family has none" do
      failures = []
      EventMachine.resolve("127.0.0.1", family: :INET6).errback { |error| failures << error }
      EventMachine.resolve("::1", family: Socket::AF_INET).errback { |error| failures << error }
      expect(failures).to all(be_a(EventMachine::ResolutionError))
      expect(failures.first.message).to include("unable to resolve address: ", '("127.0.0.1")')
    end

    it "is found in the hosts file, as the system's resolver finds it" do
      found = nil
      em { EventMachine.resolve("localhost").callback { |addresses| (found = addresses) && done } }
      expect(found).to eq(Addrinfo.getaddrinfo("localhost", nil, nil, :STREAM).map(&:ip_address).uniq)
    end

    it "may be asked for by another thread" do
      found = nil
      em do
        Thread.new { EventMachine.resolve("localhost", family: :INET).callback { |it| (found = it) && done } }
      end
      expect(found).to eq(["127.0.0.1"])
    end

    it "without an address fails with the resolver's words" do
      failure = nil
      em { EventMachine.resolve("no-such.invalid").errback { |error| (failure = error) && done } }
      expect(failure).to be_a(EventMachine::ResolutionError).and be_a(EventMachine::ConnectionError)
      expect(failure.message).to match(/\Aunable to resolve address: .+ \("no-such.invalid"\)\z/)
    end

    it "fails when the loop ends before there is an answer" do
      output = run_unanswered(<<~RUBY)
        EventMachine.run do
          EventMachine.resolve("mute.example").errback { |error| puts(error.message) }
          EventMachine.stop
        end
      RUBY
      expect(output).to eq(%(unable to resolve address: the event loop was stopped meanwhile ("mute.example")\n))
    end

    it "has its addresses of both families, or of one" do
      output = run_answered(<<~RUBY)
        addresses["two.example"] = ["192.0.2.1", "2001:db8::1"]
        EventMachine.main do
          p EventMachine.resolve("two.example").await.sort, EventMachine.resolve("two.example", family: :INET6).await
          puts((EventMachine.resolve("gone.example").await rescue $!.message))
        end
      RUBY
      expect(output.lines(chomp: true)).to match(
        ['["192.0.2.1", "2001:db8::1"]', '["2001:db8::1"]', /\Aunable to resolve address: \w.* \("gone\.example"\)\z/]
      )
    end

    it "that nobody answers fails when its time is up" do
      output = run_unanswered(<<~RUBY)
        EventMachine.run do
          EventMachine.resolve("mute.example", timeout: 0.05).errback { |error| puts(error.message) || exit! }
        end
      RUBY
      expect(output).to eq(%(unable to resolve address: the resolver did not answer in time ("mute.example")\n))
    end

    it "leaves no thread when the loop has ended" do
      em do
        EventMachine.resolve("localhost").callback do
          expect(resolver_threads).to be_positive
          done
        end
      end
      sleep 0.001 until resolver_threads.zero?
    end

    it "is resolved in a forked child, too" do
      reader, writer = IO.pipe
      em do
        EventMachine.resolve("localhost").callback do
          pid = fork do
            before = resolver_threads
            EventMachine.run do
              EventMachine.resolve("localhost", family: :INET).callback do |addresses|
                writer.puts([before, *addresses].join(" "))
                exit!
              end
            end
          end
          EventMachine.defer(-> { Process.wait(pid) }, ->(_) { done })
        end
      end
      writer.close
      expect(reader.read).to eq("0 127.0.0.1\n")
    end
  end

  describe "with name_resolution = :threads" do
    before { EventMachine.name_resolution = :threads }

    it "is resolved while the connection is there, and what is sent waits" do
      log = []
      received = nil
      server = Module.new { define_method(:receive_data) { |data| (received = data) && close_connection } }
      em do
        signature = EventMachine.start_server("127.0.0.1", 0, server)
        port = Socket.unpack_sockaddr_in(EventMachine.get_sockname(signature)).first
        EventMachine.connect("localhost", port, tale, log) { |connection| connection.send_data("early") }
      end
      expect(received).to eq("early")
      expect(log).to eq([:completed, nil, nil])
    end

    it "without an address ends the connection" do
      log = []
      em { EventMachine.connect("no-such.invalid", 80, tale, log) }
      expect(log).to match([EventMachine::ResolutionError, /\A.+ \("no-such.invalid"\)\z/])
    end

    it "may be missing, as may the port" do
      em do
        expect { EventMachine.connect("", 80) }.to raise_error(EventMachine::ConnectionError, /invalid server/)
        expect { EventMachine.connect("localhost", 0) }.to raise_error(EventMachine::ConnectionError, /invalid server/)
        done
      end
    end

    it "is resolved for a reconnect and from a local address" do
      log = []
      em do
        server = EventMachine.start_server("127.0.0.1", 0)
        port = Socket.unpack_sockaddr_in(EventMachine.get_sockname(server)).first
        EventMachine.bind_connect("127.0.0.3", 0, "localhost", port, Module.new do
          define_method(:connection_completed) do
            log << Socket.unpack_sockaddr_in(get_sockname).last
            log.size == 2 ? EventMachine.stop : close_connection
          end
          define_method(:unbind) { reconnect("localhost", port) if log.size == 1 }
        end)
      end
      expect(log).to eq(["127.0.0.3", "127.0.0.1"])
    end

    it "of a datagram's recipient is resolved before that is sent" do
      received = nil
      receiver = Module.new { define_method(:receive_data) { |data| (received = data) && EventMachine.stop } }
      em do
        socket = EventMachine.open_datagram_socket("127.0.0.1", 0, receiver)
        port = Socket.unpack_sockaddr_in(socket.get_sockname).first
        expect(EventMachine.open_datagram_socket("127.0.0.1", 0).send_datagram("word", "localhost", port)).to eq(4)
      end
      expect(received).to eq("word")
    end

    it "holds up neither the loop nor the end of the connection" do
      output = run_unanswered(<<~RUBY)
        EventMachine.name_resolution = :threads
        EventMachine.run do
          last, worst = Process.clock_gettime(Process::CLOCK_MONOTONIC), 0
          EventMachine.add_periodic_timer(0.002) do
            now = Process.clock_gettime(Process::CLOCK_MONOTONIC)
            worst, last = [worst, now - last].max, now
          end
          handler = Module.new do
            define_method(:unbind) { |reason| puts(reason, worst < 0.1) || exit! }
          end
          EventMachine.connect("mute.example", 80, handler) { |it| it.pending_connect_timeout = 0.3 }
          closed = Module.new { define_method(:unbind) { |reason| puts("closed: \#{reason.inspect}") } }
          EventMachine.connect("mute.example", 80, closed).close_connection
        end
      RUBY
      expect(output).to eq("closed: nil\nErrno::ETIMEDOUT\ntrue\n")
    end

    it "is connected to by IPv4 where nobody answers for IPv6" do
      output = run_answered(<<~RUBY)
        addresses["half.example"] = ["127.0.0.1"]
        mute << Resolv::DNS::Resource::IN::AAAA
        EventMachine.name_resolution = :threads
        EventMachine.run do
          server = EventMachine.start_server("127.0.0.1", 0)
          port = Socket.unpack_sockaddr_in(EventMachine.get_sockname(server)).first
          handler = Module.new { define_method(:connection_completed) { puts("completed") || exit! } }
          EventMachine.connect("half.example", port, handler)
        end
      RUBY
      expect(output).to eq("completed\n")
    end
  end

  describe "in a fiber" do
    it "holds up the fiber only" do
      output = run_unanswered(<<~RUBY)
        EventMachine.run do
          EventMachine.fiber { EventMachine.connect("mute.example", 80) }
          EventMachine.add_timer(0.01) { puts("timer") || exit! }
        end
      RUBY
      expect(output).to eq("timer\n")
    end

    it "raises as inline, for each call" do
      errors = []
      EventMachine.main do
        errors << [:connect, EventMachine.connect("no-such.invalid", 80)] rescue errors << $!.message
        errors << [:server, EventMachine.start_server("no-such.invalid", 0)] rescue errors << $!.message
        socket = EventMachine.open_datagram_socket("localhost", 0)
        errors << [:datagram, socket.send_datagram("word", "no-such.invalid", 9)] rescue errors << $!.message
      end
      expect(errors).to match([/\Aunable to resolve address/] * 3)
    end

    it "connects to the first of its addresses that answers" do
      peer = nil
      EventMachine.main do
        EventMachine.connection_attempt_delay = 0.03
        port = Addrinfo.tcp("127.0.0.1", 0).listen { |socket| socket.local_address.ip_port }
        hole = Addrinfo.tcp("127.0.0.2", port).listen(0)
        waiting = hole.local_address.connect
        EventMachine.start_server("127.0.0.1", port)
        found = EventMachine::DefaultDeferrable.new.tap { |it| it.succeed(["127.0.0.2", "127.0.0.1"]) }
        allow(EventMachine).to receive(:resolve).and_return(found)
        completed = EventMachine::DefaultDeferrable.new
        handler = Module.new { define_method(:connection_completed) { completed.succeed(get_peername) } }
        expect(EventMachine.connect("host.example", port, handler)).to be_a(EventMachine::Connection)
        peer = Socket.unpack_sockaddr_in(EventMachine.await(completed, 5)).last
        [hole, waiting].each(&:close)
      end
      expect(peer).to eq("127.0.0.1")
    end
  end

  describe "in the settings" do
    it "has delays, in seconds" do
      expect([EventMachine.connection_attempt_delay, EventMachine.resolution_delay]).to eq([0.25, 0.05])
      EventMachine.connection_attempt_delay = 1
      EventMachine.resolution_delay = 0
      expect([EventMachine.connection_attempt_delay, EventMachine.resolution_delay]).to eq([1.0, 0.0])
    end
  end
end
