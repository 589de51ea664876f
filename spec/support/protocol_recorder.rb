# frozen_string_literal: true

module ProtocolFuzz
  # What a parser does, in the place of a connection. What the peer would send after the end of the
  # connection, or after the start of TLS, does not reach the parser.
  module Recorder
    def log
      @log ||= []
    end

    def note(*event)
      log << event
    end

    def send_data(data)
      note(:send, data.b)
    end

    def close_connection(_after_writing = false)
      @recorder_ended = true
      note(:close)
    end

    def close_connection_after_writing
      close_connection(true)
    end

    def start_tls(*)
      @recorder_ended = true
      note(:tls)
    end

    def ended?
      @recorder_ended
    end
  end
end
