# frozen_string_literal: true

RSpec.describe "Urgent data" do
  let(:seen) { [] }

  # Both ends of a TCP connection.
  def connection
    server = TCPServer.new("127.0.0.1", 0)
    near = TCPSocket.new("127.0.0.1", server.addr[1])
    [near, server.accept]
  ensure
    server.close
  end

  # Logs what it is told of a socket, and reads it.
  def reader(log, socket)
    Module.new do
      define_method(:notify_priority) { log << [:urgent, socket.recv(9, Socket::MSG_OOB)] }
      define_method(:notify_readable) do
        log << [:plain, socket.readpartial(9)]
      rescue EOFError
        EventMachine.stop
      end
    end
  end

  it "is told to who asks for it, before other data, and apart from that" do
    near, far = connection
    em do
      EventMachine.watch(far, reader(seen, far)) do |watch|
        expect(watch.notify_priority?).to be(false)
        watch.notify_priority = watch.notify_readable = true
        expect([watch.notify_priority?, watch.notify_readable?, watch.notify_writable?]).to eq([true, true, false])
      end
      near.send("!", Socket::MSG_OOB)
      EventMachine.tick_loop do
        next if seen.empty?

        near.send("abc", 0)
        near.send("?", Socket::MSG_OOB)
        near.close
        :stop
      end
    end
    expect(seen).to eq([[:urgent, "!"], [:urgent, "?"], [:plain, "abc"]])
  ensure
    [near, far].each(&:close)
  end

  it "is told in each turn until it is read, and no longer than it is asked for" do
    near, far = connection
    log = seen
    counting = Module.new do
      define_method(:notify_priority) do
        log << :urgent
        self.notify_priority = false if log.count(:urgent) == 3
      end
      define_method(:notify_writable) do
        log << :writable if log.include?(:urgent)
        EventMachine.stop if log.last(3).uniq == [:writable]
      end
    end
    em do
      EventMachine.watch(far, counting) { |watch| watch.notify_priority = watch.notify_writable = true }
      near.send("!", Socket::MSG_OOB)
    end
    expect(seen.count(:urgent)).to eq(3)
  ensure
    [near, far].each(&:close)
  end

  it "is asked for only of what is watched" do
    near, far = connection
    em do
      attached = EventMachine.attach(far)
      expect { attached.notify_priority = true }
        .to raise_error(RuntimeError, "notify_priority must be on 'watch only' connections")
      expect(attached.notify_priority?).to be(false)
      done
    end
    expect(EventMachine::Connection.new(1).notify_priority?).to be(false)
  ensure
    [near, far].each(&:close)
  end
end
