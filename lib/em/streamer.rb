# frozen_string_literal: true

require_relative "streaming"

module EventMachine
  # Sends a file over a connection, without ever holding more than a part of it in memory.
  # {Connection#stream_file_data} makes one. It is a {Deferrable}: it succeeds when everything is with the
  # connection, and fails with a String that says why.
  #
  # @example
  #   def receive_line(name)
  #     download = EventMachine::FileStreamer.new(self, File.join("public", File.basename(name)))
  #     download.callback { send_data("\n") }
  #     download.errback { |reason| send_data("sorry: #{reason}\n") }
  #   end
  class FileStreamer
    include Streaming

    # Files up to this size, in bytes, are sent in one piece; longer ones are mapped into memory.
    MappingThreshold = 16_384

    # Bytes that wait in the connection from which on no more are added.
    BackpressureLevel = 50_000

    # Bytes of a mapped file that are sent in one piece.
    ChunkSize = 16_384

    # Starts to send.
    #
    # @param connection [Connection]
    # @param filename [String]
    # @param args [Hash]
    # @option args [Boolean] :http_chunks (false) whether to send in HTTP's chunked transfer coding (RFC 9112,
    #   7.1)
    # @raise [TypeError] if the filename is no path
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

    # Sends pieces until the connection has enough to do. The reactor calls this.
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

    # The peer has been promised more: only a connection that is cut tells it that this was not all.
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
