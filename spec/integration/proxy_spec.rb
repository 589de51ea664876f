# frozen_string_literal: true

# Large amounts of data are moved from socket to socket without a copy, if the system can do that.
RSpec.describe "Proxies of much data" do
  let(:data) { Random.new(1).bytes(8_000_003) }

  # A connection that is proxied to the connection that the block opens.
  def relay
    connect = -> { yield }
    EventMachine.start_server("127.0.0.1", 0, Class.new(EventMachine::Connection) do
      define_method(:post_init) { @backend = connect.call.tap { |backend| pass_on(backend) } }

      def pass_on(backend)
        proxy_incoming_to(backend)
        EventMachine.enable_proxy(backend, self)
      end

      def unbind
        @backend.close_connection_after_writing
      end
    end)
  end

  # Sends data, and collects received data up to a number of bytes.
  def exchange(port, data, size)
    received = +""
    EventMachine.connect("127.0.0.1", port) do |connection|
      connection.send_data(data)
      connection.define_singleton_method(:receive_data) do |more|
        received << more
        EventMachine.stop if received.bytesize >= size
      end
    end
    received
  end

  def port_of(signature)
    Socket.unpack_sockaddr_in(EventMachine.get_sockname(signature)).first
  end

  def echo
    EventMachine.start_server("127.0.0.1", 0) do |connection|
      connection.define_singleton_method(:receive_data) { |more| send_data(more) }
    end
  end

  it "pass it on to the byte, both ways at once" do
    received = nil
    em do
      backend = port_of(echo)
      front = relay { EventMachine.connect("127.0.0.1", backend) }
      received = exchange(port_of(front), data, data.bytesize)
    end
    expect(received == data).to be(true)
  end

  it "pass it on over Unix sockets and pipes of children" do
    received = nil
    em do
      front = relay { EventMachine.popen("cat") }
      received = exchange(port_of(front), data, data.bytesize)
    end
    expect(received == data).to be(true)
  end

  it "give the owner what follows a length, to the byte" do
    length = 5_000_001
    passed_on = +""
    rest = +""
    em do
      near, far = UNIXSocket.pair
      target = EventMachine.attach(near)
      EventMachine.attach(far) do |connection|
        connection.define_singleton_method(:receive_data) { |more| passed_on << more }
        connection.define_singleton_method(:unbind) { EventMachine.stop }
      end
      front = EventMachine.start_server("127.0.0.1", 0) do |source|
        EventMachine.enable_proxy(source, target, 0, length)
        source.define_singleton_method(:receive_data) { |more| rest << more }
        source.define_singleton_method(:unbind) { target.close_connection_after_writing }
      end
      EventMachine.connect("127.0.0.1", port_of(front)) do |connection|
        connection.send_data(data)
        connection.close_connection_after_writing
      end
    end
    expect([passed_on == data.byteslice(0, length), rest == data.byteslice(length..)]).to eq([true, true])
  end

  it "are told when the target goes away, and raise no SIGPIPE" do
    output, status = run_ruby(<<~RUBY)
      Signal.trap(:PIPE, "SYSTEM_DEFAULT")

      class Source < EventMachine::Connection
        def initialize(target)
          super()
          EventMachine.enable_proxy(self, target)
        end

        def proxy_target_unbound
          $stdout.syswrite(get_proxied_bytes >= 1_000_000 ? "told " : "early ")
          close_connection
        end

        def unbind
          ($left -= 1).zero? ? EventMachine.stop : flood
        end
      end

      # The target's peer closes when it has received enough.
      def flood
        near, far = UNIXSocket.pair
        source, writer = UNIXSocket.pair
        EventMachine.attach(source, Source, EventMachine.attach(near))
        Process.detach(spawn("cat", "/dev/zero", out: writer, err: File::NULL))
        writer.close
        Thread.new { far.read(2_000_000) && far.close }
      end

      $left = 60
      EventMachine.run { flood }
    RUBY
    expect(output).to eq("told " * 60)
    expect(status).to be_success
  end
end
