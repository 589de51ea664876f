# frozen_string_literal: true

# The file is small enough to be in memory, so that the disk is not what is measured.
Bench.program(:file_stream, "1 MiB of a file of 16 MiB, streamed", operations: 512, source: <<~RUBY)
  require "tempfile"

  MEGABYTES = 16
  port, reader = sink
  file = Tempfile.create("bench")
  MEGABYTES.times { file.write("x" * (1 << 20)) }
  file.close
  left = [OPERATIONS / MEGABYTES, 1].max
  measure_from_here

  Streamer = Class.new(EventMachine::Connection) do
    define_method(:connection_completed) { stream }
    define_method(:stream) do
      next close_connection_after_writing if (left -= 1).negative?

      stream_file_data(file.path).callback { stream }
    end

    def unbind
      EventMachine.stop
    end
  end

  EventMachine.run { EventMachine.connect("127.0.0.1", port, Streamer) }
  Process.wait(reader)
  File.unlink(file.path)
RUBY

Bench.program(:send_file, "file of 16 KiB, sent and received", operations: 20_000, source: <<~RUBY)
  require "tempfile"

  SIZE = 16_384
  file = Tempfile.create("bench")
  file.write("x" * SIZE)
  file.close
  left = OPERATIONS
  received = 0
  sender = nil
  receiver = Module.new do
    define_method(:receive_data) do |data|
      received += data.bytesize
      next if received < SIZE

      received = 0
      (left -= 1).zero? ? EventMachine.stop : sender.send_file_data(file.path)
    end
  end

  EventMachine.run do
    port = port_of(EventMachine.start_server("127.0.0.1", 0, receiver))
    sender = EventMachine.connect("127.0.0.1", port)
    sender.send_file_data(file.path)
  end
  File.unlink(file.path)
RUBY
