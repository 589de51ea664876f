# frozen_string_literal: true

require_relative "deferrable"

module EventMachine
  # Common part of {FileStreamer} and {IOStreamer}: sends one chunk after the other, and waits while the
  # connection has too much data queued.
  module Streaming
    include Deferrable

    # Wait, in seconds, after the connection has made no progress for the first time.
    SHORTEST_WAIT = 0.001

    # Longest wait in seconds. Each wait is twice as long as the previous one, up to this.
    LONGEST_WAIT = 0.016

    private

    # @return [void]
    def stream_chunks
      return release if %i[succeeded failed].include?(@deferred_status)

      progress = false
      until backlogged?
        chunk = next_chunk
        return finish_stream unless chunk
        return fail_stream("connection closed") unless deliver(chunk)

        progress = true
      end
      resume_stream(progress)
    end

    # @return [String, nil] the next chunk; nil at the end
    def next_chunk
      raise NotImplementedError
    end

    # Releases the source.
    #
    # @return [void]
    def release; end

    # @return [Boolean] false if the connection is closed
    def deliver(chunk)
      return accepted?(@connection.send_data(chunk)) unless @http_chunks

      @connection.send_data("#{chunk.bytesize.to_s(16)}\r\n")
      @connection.send_data(chunk)
      accepted?(@connection.send_data("\r\n"))
    end

    # Applications override send_data, and may return anything.
    def accepted?(sent)
      !sent.is_a?(Integer) || sent.positive?
    end

    def finish_stream
      release
      @connection.send_data("0\r\n\r\n") if @http_chunks
      succeed
    end

    def fail_stream(reason)
      release
      fail(reason)
    end

    def backlogged?
      outbound_data_size > FileStreamer::BackpressureLevel
    end

    # What stands in for a connection may have send_data and no more.
    def outbound_data_size
      @connection.respond_to?(:get_outbound_data_size) ? @connection.get_outbound_data_size : 0
    end

    # The next turn is soon enough where the peer reads; where it does not, looking each turn would keep the
    # reactor from sleeping.
    def resume_stream(progress)
      backlog = outbound_data_size
      if progress || backlog < (@backlog || Float::INFINITY)
        @wait = SHORTEST_WAIT
        EventMachine.next_tick { stream_one_chunk }
      else
        EventMachine.add_timer(@wait) { stream_one_chunk }
        @wait = [@wait * 2, LONGEST_WAIT].min
      end
      @backlog = backlog
    end
  end
  private_constant :Streaming
end
