# frozen_string_literal: true

# The first tenth fills what is allocated once. The clients are in a process of their own.
Bench.memory(:idle, "idle connection, server's end with its object", connections: 10_000, source: <<~RUBY)
  EventMachine.set_descriptor_table_size(OPERATIONS + 100)
  opened = 0
  before = 0
  Idle = Class.new(EventMachine::Connection) do
    define_method(:post_init) do
      opened += 1
      before = resident if opened == OPERATIONS / 10
      next if opened < OPERATIONS

      puts "bytes \#{(resident - before) * 1024.0 / (OPERATIONS - OPERATIONS / 10)}"
      EventMachine.stop
    end
  end

  port = nil
  clients = nil
  EventMachine.run do
    port = port_of(EventMachine.start_server("127.0.0.1", 0, Idle))
    clients = elsewhere do
      sockets = Array.new(OPERATIONS) { TCPSocket.new("127.0.0.1", port) }
      sleep
    end
  end
  Process.kill(:KILL, clients)
RUBY

Bench.memory(:tls_idle, "idle connection under TLS, both ends", connections: 500, source: <<~RUBY)
  EventMachine.set_descriptor_table_size(4 * OPERATIONS + 100)
  secured = 0
  before = 0
  connect = nil
  client = Module.new do
    def connection_completed
      start_tls
    end

    define_method(:ssl_handshake_completed) do
      secured += 1
      before = resident if secured == OPERATIONS / 10
      next connect.call if secured < OPERATIONS

      # The server's ends are done a little later.
      EventMachine.add_timer(0.2) do
        puts "bytes \#{(resident - before) * 1024.0 / (OPERATIONS - OPERATIONS / 10)}"
        EventMachine.stop
      end
    end
  end
  server = Module.new do
    def post_init
      start_tls
    end
  end
  EventMachine.run do
    port = port_of(EventMachine.start_server("127.0.0.1", 0, server))
    connect = -> { EventMachine.connect("127.0.0.1", port, client) }
    connect.call
  end
RUBY
