# frozen_string_literal: true

require "socket"

# The other specs of descriptors attach pipes, which cannot be attached on Windows.
RSpec.describe "Descriptors on Windows", if: Gem.win_platform? do
  let(:seen) { [] }
  let(:sockets) do
    server = TCPServer.new("127.0.0.1", 0)
    near = TCPSocket.new("127.0.0.1", server.local_address.ip_port)
    [near, server.accept].tap { server.close }
  end

  after { sockets.each(&:close) }

  it "are attached where they are sockets" do
    near, far = sockets
    handler = Class.new(EventMachine::Connection) do
      def receive_data(data)
        send_data(data.upcase)
        close_connection_after_writing
      end
    end
    asking = Thread.new { far.write("said") && far.read }
    em do
      EventMachine.attach(near, handler)
      EventMachine.defer(-> { asking.value }, ->(answer) { (seen << answer) && done })
    end
    expect(seen).to eq(["SAID"])
  end

  it "are watched where they are sockets, and stay whose they are" do
    near, far = sockets
    all = seen
    handler = Class.new(EventMachine::Connection) do
      define_method(:notify_readable) { (all << near.read_nonblock(10)) && detach && EventMachine.stop }
    end
    em do
      EventMachine.watch(near, handler).notify_readable = true
      far.write("said")
    end
    expect(seen).to eq(["said"])
    expect(near.write("more")).to eq(4)
    expect(far.readpartial(10)).to eq("more")
  end

  it "have the numbers that Ruby knows" do
    em do
      EventMachine.start_server("127.0.0.1", 0) do |connection|
        socket = BasicSocket.for_fd(EventMachine.get_file_descriptor(connection.signature))
        socket.autoclose = false
        seen << socket.local_address.ip_address
        done
      end.then { |server| EventMachine.connect("127.0.0.1", EventMachine.get_sockname(server).unpack1("x2n")) }
    end
    expect(seen).to eq(["127.0.0.1"])
  end

  it "are refused where they are none, or no sockets" do
    reader, writer = IO.pipe
    em do
      expect { EventMachine.attach(reader, EventMachine::Connection) }.to raise_error(EventMachine::Unsupported)
      expect { EventMachine.attach(12_345, EventMachine::Connection) }.to raise_error(SystemCallError)
      done
    end
  ensure
    [reader, writer].each(&:close)
  end
end
