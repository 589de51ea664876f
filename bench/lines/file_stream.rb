# frozen_string_literal: true

Bench.program(:file_stream, "1 MiB of a file of 1 GiB, streamed", operations: 1024, source: <<~RUBY)
  require "tempfile"

  port, reader = sink
  file = Tempfile.create("bench")
  file.truncate(OPERATIONS << 20)

  Streamer = Class.new(EventMachine::Connection) do
    define_method(:connection_completed) do
      stream_file_data(file.path).callback { close_connection_after_writing }
    end

    def unbind
      EventMachine.stop
    end
  end

  EventMachine.run { EventMachine.connect("127.0.0.1", port, Streamer) }
  Process.wait(reader)
  File.unlink(file.path)
RUBY
