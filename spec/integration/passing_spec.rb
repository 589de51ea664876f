# frozen_string_literal: true

# Descriptors over Unix sockets: Connection#send_io, and receive_io where a handler defines it.
RSpec.describe "Passing descriptors" do
  let(:log) { [] }

  # Logs what comes, and reads pipes to their ends. Stops the reactor at its own end.
  let(:receiver) do
    log = self.log
    Module.new do
      define_method(:receive_data) { |data| log << data }
      define_method(:receive_io) { |io| log << (io.is_a?(Socket) ? io : io.read) && io.close }
      define_method(:unbind) { |reason = nil| log << reason && EventMachine.stop }
    end
  end

  # @return [IO] from which `word` can be read
  def pipe_with(word)
    IO.pipe.then do |reader, writer|
      writer << word
      writer.close
      reader
    end
  end

  def send_pipe(connection, word)
    pipe = pipe_with(word)
    connection.send_io(pipe).tap { pipe.close }
  end

  # Runs a receiver and a sender at the ends of a pair of Unix sockets.
  def between(handler = receiver, kind = :STREAM)
    em do
      near, far = UNIXSocket.pair(kind)
      EventMachine.attach(near, handler)
      yield EventMachine.attach(far)
    end
    log
  end

  it "keeps their order with the data before and after them" do
    between do |sender|
      sender.send_data("one")
      %w[a b].each { |word| send_pipe(sender, word) }
      sender.send_data("\0two\0")
      send_pipe(sender, "c")
      sender.close_connection_after_writing
    end
    expect(log).to eq(["one", "a", "b", "\0two\0", "c", nil])
  end

  it "are passed by a connection that is being made" do
    reader = pipe_with("early")
    sending = Module.new { define_method(:post_init) { send_io(reader) && close_connection_after_writing } }
    em do
      near, far = UNIXSocket.pair
      EventMachine.attach(near, receiver)
      EventMachine.attach(far, sending)
    end
    expect(log).to eq(["early", nil])
  end

  it "duplicates them, closes them on exec and leaves none open" do
    taken = log
    handler = Module.new do
      define_method(:receive_io) { |io| (taken << io.close_on_exec? << io.read) && io.close }
      define_method(:unbind) { EventMachine.stop }
    end
    attempt = -> { between(handler) { |sender| send_pipe(sender, "word") && sender.close_connection_after_writing } }
    attempt.call
    expect(&attempt).not_to leak_descriptors
    expect(log).to eq([true, "word"] * 2)
  end

  it "gives sockets as Socket, which can be attached" do
    served = Module.new { define_method(:post_init) { send_data("served") && close_connection_after_writing } }
    worker = Module.new { define_method(:receive_io) { |io| EventMachine.attach(io, served) } }
    client, accepted = UNIXSocket.pair
    answered = log
    between(worker) do |sender|
      sender.send_io(accepted) && accepted.close
      EventMachine.attach(client, Module.new do
        define_method(:receive_data) { |data| answered << data }
        define_method(:unbind) { EventMachine.stop }
      end)
    end
    expect(log).to eq(["served"])
  end

  it "counts a private receive_io, and one of the object alone" do
    between(Module.new { define_method(:unbind) { EventMachine.stop } }) do |sender|
      EventMachine.instance_variable_get(:@conns).each_value do |connection|
        taken = log
        connection.define_singleton_method(:receive_io) { |io| (taken << io.read) && io.close }
        connection.singleton_class.send(:private, :receive_io)
      end
      send_pipe(sender, "word") && sender.close_connection_after_writing
    end
    expect(log).to eq(["word"])
  end

  it "closes what arrives for a handler without receive_io, whose data has the byte that carries it" do
    plain = Module.new.tap { |handler| taken = log and handler.define_method(:receive_data) { |data| taken << data } }
    reader, writer = IO.pipe
    between(plain) do |sender|
      sender.send_io(writer) && writer.close
      # It is at its end once nobody has the other end any more.
      EventMachine.attach(reader, Module.new { define_method(:unbind) { EventMachine.stop } })
    end
    expect(log).to eq(["\0"])
  end

  it "works with Ruby's send_io and recv_io in another process" do
    program = <<~RUBY
      require "socket"
      socket = UNIXSocket.for_fd(3)
      socket.write("one")
      IO.pipe.then { |reader, writer| [(writer << "of the child").close, socket.send_io(reader)] }
      puts socket.recv_io.read
      socket.write("two")
    RUBY
    near, far = UNIXSocket.pair
    output, input = IO.pipe
    child = Process.spawn(RbConfig.ruby, "-e", program, 3 => far, out: input)
    [far, input].each(&:close)
    em do
      EventMachine.attach(near, receiver) { |connection| send_pipe(connection, "of the parent") }
    end
    Process.wait(child)
    expect(log + [output.read]).to eq(["one", "of the child", "two", nil, "of the parent\n"])
  end

  # The messages of other programs: many descriptors, with bytes that mean something.
  {
    "one byte that is not zero" => ["x"], "two bytes" => ["xy"], "bytes that end with a zero" => ["x\0"],
    "two zeros" => ["\0\0"], "bytes behind others" => %w[before with]
  }.each do |name, (*before, with)|
    it "loses none of the bytes that descriptors come with: #{name}" do
      near, far = UNIXSocket.pair
      before.each { |bytes| far.write(bytes) }
      pipes = %w[a b].map { |word| pipe_with(word) }
      far.sendmsg(with, 0, nil, Socket::AncillaryData.unix_rights(*pipes))
      [far.write("rest"), far.close, *pipes.each(&:close)]
      em { EventMachine.attach(near, receiver) }
      data, ios = log[0..-2].partition { |entry| entry.length > 1 || entry == "x" }
      expect([data.join, ios]).to eq(["#{before.join}#{with}rest", %w[a b]])
    end
  end

  it "takes the descriptors of whole messages, too" do
    between(receiver, :SEQPACKET) do |sender|
      sender.send_data("one") && EventMachine.next_tick do
        send_pipe(sender, "a") && EventMachine.next_tick do
          sender.send_data("two") && sender.close_connection_after_writing
        end
      end
    end
    expect(log).to eq(["one", "a", "two", nil])
  end

  it "queues more than the system takes, in order, and writes it before it closes" do
    words = Array.new(600) { |n| n.to_s }
    waiting = nil
    between do |sender|
      words.each { |word| sender.send_data("x" * 1000) && send_pipe(sender, word) }
      EventMachine.next_tick { waiting = sender.get_outbound_data_size }
      sender.close_connection_after_writing
    end
    data, pipes = log[0..-2].partition { |entry| entry.start_with?("x") }
    expect(waiting).to be > 100_000
    expect([data.join, pipes, log.last]).to eq(["x" * 600_000, words, nil])
  end

  it "says what cannot be passed, and over what" do
    sender = nil
    between(Module.new { define_method(:unbind) { EventMachine.stop } }) do |connection|
      sender = connection
      closed = IO.pipe.each(&:close).first
      expect { sender.send_io(closed) }.to raise_error(IOError, /closed/)
      expect { sender.send_io("a name") }.to raise_error(TypeError, /an IO or its descriptor, not "a name"/)
      expect { sender.send_io(nil) }.to raise_error(TypeError, /not nil/)
      expect { sender.send_io(9999) }.to raise_error(Errno::EBADF, /descriptor 9999/)
      expect { sender.send_io(2**40) }.to raise_error(RangeError)
      expect { sender.send_io(-1) }.to raise_error(Errno::EBADF, /descriptor -1/)
      sender.close_connection
      log << sender.send_io($stdin)
    end
    expect(log << sender.send_io($stdin)).to eq([0, -1])
  end

  it "says that only Unix sockets pass descriptors" do
    em do
      server = EventMachine.start_server("127.0.0.1", 0)
      client = EventMachine.connect("127.0.0.1", port_of(server))
      pipe = EventMachine.attach(IO.pipe.last)
      datagrams = EventMachine.open_datagram_socket("127.0.0.1", 0)
      [client, pipe].each do |connection|
        expect { connection.send_io($stdin) }.to raise_error(RuntimeError, /over Unix sockets, not descriptor \d+/)
      end
      expect { datagrams.send_io($stdin) }.to raise_error(RuntimeError, /send_io is not for a datagram socket/)
      done
    end
  end

  it "ends a connection whose descriptors find no place with EMFILE" do
    program = <<~'RUBY'
      require "eventmachine"
      near, far = UNIXSocket.pair
      handler = Module.new do
        define_method(:receive_io) { |io| (@ios ||= []) << io }
        define_method(:unbind) { |reason| puts(reason) || EventMachine.stop }
      end
      EventMachine.run do
        EventMachine.attach(near, handler)
        300.times { far.send_io($stdin) if far.wait_writable(0) }
        Process.setrlimit(:NOFILE, Dir.children("/proc/self/fd").size + 20)
      end
    RUBY
    output = IO.popen([RbConfig.ruby, "-I#{File.expand_path('../../lib', __dir__)}", "-e", program], &:read)
    expect(output).to eq("Errno::EMFILE\n")
  end

  it "hands what receive_io raises to the error handler, and goes on" do
    errors = []
    EventMachine.error_handler { |error| errors << error.message }
    failing = Module.new do
      define_method(:receive_io) { |io| io.close.then { raise "of receive_io" } }
      define_method(:unbind) { EventMachine.stop }
    end
    between(failing) { |sender| 2.times { send_pipe(sender, "x") } && sender.close_connection_after_writing }
    expect(errors).to eq(["of receive_io"] * 2)
  end
end
