# frozen_string_literal: true

Bench.program(:proxy, "1 MiB of 1 GiB, through a proxy", operations: 1024, source: <<~RUBY)
  port, reader = sink

  module Backend
    def unbind
      EventMachine.stop
    end
  end

  Frontend = Class.new(EventMachine::Connection) do
    define_method(:post_init) do
      @backend = EventMachine.connect("127.0.0.1", port, Backend)
      EventMachine.enable_proxy(self, @backend, 1 << 20)
    end

    define_method(:unbind) { @backend.close_connection_after_writing }
  end

  EventMachine.run do
    front = port_of(EventMachine.start_server("127.0.0.1", 0, Frontend))
    elsewhere do
      socket = TCPSocket.new("127.0.0.1", front)
      megabyte = "x" * (1 << 20)
      OPERATIONS.times { socket.write(megabyte) }
      socket.close
    end
  end
  Process.wait(reader)
RUBY
