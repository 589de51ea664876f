# frozen_string_literal: true

require_relative "streamer"

module EventMachine
  # Sends the contents of an IO object over a connection, with only a small part in memory at a time. It is a
  # {Deferrable}: it succeeds when everything was passed to the connection, and fails with a String that says
  # why. Reading blocks the reactor's thread. The object is not closed.
  #
  # @example
  #   def receive_line(_line)
  #     log = StringIO.new(lines_of_the_log)
  #     EventMachine::IOStreamer.new(self, log, http_chunks: true).callback { log.close }
  #   end
  class IOStreamer
    include Streaming

    # Bytes that are read and sent at a time.
    CHUNK_SIZE = 16_384

    # Starts sending.
    #
    # @param connection [Connection, #send_data] without `get_outbound_data_size`, everything is sent at once
    # @param io [#read] read from its current position to its end
    # @param opts [Hash]
    # @option opts [Boolean] :http_chunks (false) whether to send in HTTP's chunked transfer coding (RFC 9112,
    #   7.1)
    # @raise [NoMethodError] if the object cannot be read
    def initialize(connection, io, opts = {})
      @connection = connection
      @io = io
      @http_chunks = opts[:http_chunks]
      @io.binmode if @io.respond_to?(:binmode)
      stream_one_chunk
    end

    private

    def stream_one_chunk
      stream_chunks
    rescue IOError, SystemCallError => e
      fail_stream(e.message)
    end

    def next_chunk
      chunk = @io.read(CHUNK_SIZE)
      chunk unless chunk.nil? || chunk.empty?
    end
  end
end
