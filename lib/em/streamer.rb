# frozen_string_literal: true

require_relative "streaming"

module EventMachine
  # Sends a file over a connection, with only a small part in memory at a time. {Connection#stream_file_data}
  # creates one. It is a {Deferrable}: it succeeds when everything was passed to the connection, and fails with a
  # String that says why.
  #
  # @example
  #   def receive_line(name)
  #     download = EventMachine::FileStreamer.new(self, File.join("public", File.basename(name)))
  #     download.callback { send_data("\n") }
  #     download.errback { |reason| send_data("sorry: #{reason}\n") }
  #   end
  class FileStreamer
    include Streaming

    # Files up to this size, in bytes, are sent at once; longer ones are read piece by piece.
    MappingThreshold = 16_384

    # Nothing is added while the connection has more bytes queued than this.
    BackpressureLevel = 50_000

    # Bytes that are read and sent at a time.
    ChunkSize = 16_384

    # Starts sending.
    #
    # @param connection [Connection]
    # @param filename [String]
    # @param args [Hash]
    # @option args [Boolean] :http_chunks (false) whether to send in HTTP's chunked transfer coding (RFC 9112,
    #   7.1)
    # @raise [TypeError] if the filename is not a path
    def initialize(connection, filename, args = {})
      @connection = connection
      @http_chunks = args[:http_chunks]
      return fail("file not found") unless File.exist?(filename)
      return fail("not a file: #{filename}") if File.directory?(filename)

      @size = File.size(filename)
      @size > MappingThreshold ? stream_with_mapping(filename) : stream_without_mapping(filename)
    rescue SystemCallError, IOError => e
      fail_stream(e.message)
    end

    # Sends pieces until the connection has enough data queued. The reactor calls this.
    #
    # @return [void]
    def stream_one_chunk
      stream_chunks
    rescue IOError, SystemCallError, RangeError => e
      abort_stream(e)
    end

    private

    def stream_without_mapping(filename)
      if @http_chunks
        content = File.binread(filename)
        deliver(content) unless content.empty?
        finish_stream
      else
        @connection.send_file_data(filename)
        succeed
      end
    end

    def stream_with_mapping(filename)
      ensure_mapping_extension_is_present
      @mapping = FastFileReader::Mapper.new(filename)
      @offset = 0
      stream_one_chunk
    end

    def ensure_mapping_extension_is_present
      require "fastfilereaderext"
    end

    def next_chunk
      length = [@size - @offset, ChunkSize].min
      return unless length.positive?

      chunk = @mapping.get_chunk(@offset, length)
      @offset += length
      chunk
    end

    # The file became shorter. The peer can only learn this by the connection's end.
    def abort_stream(error)
      @connection.close_connection
      fail_stream(error.message)
    end

    def release
      @mapping&.close
      @mapping = nil
    end
  end
end
