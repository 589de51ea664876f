# frozen_string_literal: true

# Compares what memory an idle connection under TLS takes, both ends in one process, on this gem and on
# Debian's ruby-eventmachine. CONNECTIONS tells how many there are (500).

require "open3"
require "tempfile"

require_relative "harness/subject"

program = <<~RUBY
  def resident
    GC.start
    File.read("/proc/self/status")[/^VmRSS:\\s+(\\d+)/, 1].to_i
  end

  EventMachine.epoll
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
        puts "size \#{(resident - before).fdiv(OPERATIONS - OPERATIONS / 10)}"
        puts "provider \#{EventMachine.tls_provider}" if EventMachine.respond_to?(:tls_provider)
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
    signature = EventMachine.start_server("127.0.0.1", 0, server)
    port, = Socket.unpack_sockaddr_in(EventMachine.get_sockname(signature))
    connect = -> { EventMachine.connect("127.0.0.1", port, client) }
    connect.call
  end
RUBY

Tempfile.create(["tls_memory", ".rb"]) do |file|
  file.write(program)
  file.close
  connections = Integer(ENV.fetch("CONNECTIONS", "500"))
  sizes = Bench::SUBJECTS.map do |subject|
    output, status = Open3.capture2(*subject.command(file.path, connections))
    abort "#{subject.name} failed" unless status.success?

    size = Float(output[/^size (.*)/, 1])
    puts "#{subject.name}#{output[/^provider( .*)/, 1]}: #{format('%.1f', size)} KiB for a pair of ends"
    size
  end
  puts "ratio: #{format('%.2f', sizes[0] / sizes[1])}"
end
