# frozen_string_literal: true

require "fcntl"

RSpec.describe "Attached descriptors" do
  let(:log) { [] }
  let(:pipe) { IO.pipe }
  let(:reader) { pipe.first }
  let(:writer) { pipe.last }

  def nonblocking?(io)
    io.fcntl(Fcntl::F_GETFL).anybits?(Fcntl::O_NONBLOCK)
  end

  describe "EventMachine.attach" do
    it "reads and writes" do
      entries = log
      handler = Module.new { define_method(:receive_data) { |data| (entries << data) && EventMachine.stop } }
      em do
        EventMachine.attach(reader, handler)
        EventMachine.attach(writer) { |connection| connection.send_data("data") }
      end
      expect(log).to eq(["data"])
    end

    it "takes the descriptor's number as well" do
      entries = log
      handler = Module.new { define_method(:receive_data) { |data| (entries << data) && EventMachine.stop } }
      first, second = UNIXSocket.pair
      em do
        EventMachine.attach(first.fileno, handler)
        second << "data"
      end
      expect(log).to eq(["data"])
    ensure
      first.autoclose = false
      second.close
    end

    it "keeps the IO object, and makes it non-blocking" do
      descriptor = reader.fileno
      em do
        connection = EventMachine.attach(reader)
        log << %i[@io @watch_mode @fd].map { |name| connection.instance_variable_get(name) }
        log << nonblocking?(reader) << connection.watch_only?
        done
      end
      expect(log).to eq([[reader, false, descriptor], true, false])
    end

    it "gives arguments to initialize, and the connection to the block" do
      handler = Class.new(EventMachine::Connection) do
        attr_reader :argument

        def initialize(argument)
          super
          @argument = argument
        end
      end
      em { EventMachine.attach(reader, handler, 5) { |connection| (log << connection.argument) && done } }
      expect(log).to eq([5])
    end

    it "tells the end of the data" do
      entries = log
      handler = Module.new { define_method(:unbind) { (entries << :unbind) && EventMachine.stop } }
      em { EventMachine.attach(reader, handler) && writer.close }
      expect(log).to eq([:unbind])
    end

    it "refuses handlers that want to be notified" do
      em do
        %i[notify_readable notify_writable].each do |name|
          handler = Module.new { define_method(name) { nil } }
          expect { EventMachine.attach(reader, handler) }.to raise_error(ArgumentError, /Use EM\.watch/)
        end
        done
      end
      expect(reader).not_to be_closed
    end
  end

  describe "EventMachine.watch" do
    it "notifies of what it is asked for, and leaves the rest alone" do
      entries = log
      io = reader
      handler = Module.new do
        define_method(:notify_readable) { (entries << io.read_nonblock(16)) && EventMachine.stop }
        define_method(:receive_data) { |data| entries << [:received, data] }
      end
      blocking = !nonblocking?(reader)
      em do
        connection = EventMachine.watch(reader, handler)
        expect([connection.notify_readable?, connection.notify_writable?]).to eq([false, false])
        expect(connection.watch_only?).to be(true)
        expect(!nonblocking?(reader)).to eq(blocking)
        connection.notify_readable = true
        expect([connection.notify_readable?, connection.notify_writable?]).to eq([true, false])
        writer << "data"
      end
      expect(log).to eq(["data"])
      expect(reader).not_to be_closed
    end

    it "notifies that it can be written" do
      entries = log
      handler = Module.new do
        define_method(:notify_writable) do
          entries << :writable
          self.notify_writable = false
          EventMachine.add_timer(0.02) { EventMachine.stop }
        end
      end
      em { EventMachine.watch(writer, handler) { |connection| connection.notify_writable = true } }
      expect(log).to eq([:writable])
    end

    it "notifies again while there is something to read" do
      entries = log
      io = reader
      handler = Module.new do
        define_method(:notify_readable) do
          entries << io.read_nonblock(1)
          EventMachine.stop if entries.size == 3
        end
      end
      em do
        EventMachine.watch(reader, handler) { |connection| connection.notify_readable = true }
        writer << "abc"
      end
      expect(log).to eq(%w[a b c])
    end

    it "allows initialize to ask for notification" do
      entries = log
      handler = Class.new(EventMachine::Connection) do
        define_method(:initialize) { self.notify_readable = true }
        define_method(:notify_readable) { (entries << :readable) && EventMachine.stop }
      end
      em { EventMachine.watch(reader, handler) && (writer << "x") }
      expect(log).to eq([:readable])
    end
  end

  describe "detaching" do
    it "hands the descriptor back, and tells the handler" do
      entries = log
      handler = Module.new { define_method(:unbind) { (entries << :unbind) && EventMachine.stop } }
      em do
        connection = EventMachine.watch(reader, handler)
        log << connection.detach
      end
      expect(log).to eq([reader.fileno, :unbind])
      writer << "still usable"
      expect(reader.readpartial(32)).to eq("still usable")
    end

    it "lets the descriptor be attached again" do
      entries = log
      handler = Module.new { define_method(:receive_data) { |data| (entries << data) && EventMachine.stop } }
      em do
        3.times { EventMachine.watch(reader).detach }
        EventMachine.next_tick do
          EventMachine.attach(reader, handler)
          writer << "data"
        end
      end
      expect(log).to eq(["data"])
    end

    it "leaves a connection's socket to be used on" do
      entries = log
      handler = Module.new do
        define_method(:connection_completed) do
          socket = Socket.for_fd(detach)
          socket.write("from Ruby")
          socket.close
        end
      end
      server = Module.new { define_method(:receive_data) { |data| (entries << data) && EventMachine.stop } }
      em do
        EventMachine.start_server("127.0.0.1", port = free_port, server)
        EventMachine.connect("127.0.0.1", port, handler)
      end
      expect(log).to eq(["from Ruby"])
    end
  end

  describe "EventMachine.attach_server" do
    it "accepts on a socket that listens already" do
      entries = log
      listener = TCPServer.new("127.0.0.1", 0)
      server = Module.new { define_method(:receive_data) { |data| (entries << data) && EventMachine.stop } }
      em do
        signature = EventMachine.attach_server(listener, server)
        expect(state(:@acceptors)[signature].last).to equal(listener)
        EventMachine.connect("127.0.0.1", listener.addr[1]) { |connection| connection.send_data("data") }
      end
      expect(log).to eq(["data"])
    ensure
      listener.close
    end
  end
end
