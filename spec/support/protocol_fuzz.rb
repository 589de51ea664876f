# frozen_string_literal: true

# Drives parsers with spoilt input, cut into chunks at random.
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

  # Produces the inputs. The same seed gives the same ones.
  class Source
    NUMBERS = %w[0 -1 1 7 65536 4294967295 18446744073709551616 99999999999999999999999].freeze
    WORDS = ["\r\n", "\n", "\r", "\0", ":", ".", "\r\n.\r\n", "\xFF\xFE", " ", "\t", "%", "é"].map(&:b).freeze

    def initialize(seed)
      @random = Random.new(seed)
    end

    # @param samples [Array<String>] valid streams
    # @return [String] one of them, or several in a row, spoilt in some places
    def stream(samples)
      return @random.bytes(@random.rand(300)) if @random.rand(10).zero?

      stream = Array.new(@random.rand(1..3)) { samples.sample(random: @random).b }.join
      @random.rand(4).times { stream = spoil(stream) }
      stream
    end

    # @return [Array<String>] the stream in pieces
    def chunks(stream, longest)
      pieces = []
      pos = 0
      while pos < stream.bytesize
        size = @random.rand(1..longest)
        pieces << stream.byteslice(pos, size)
        pos += size
      end
      pieces
    end

    private

    def spoil(stream)
      at = @random.rand(stream.bytesize + 1)
      size = @random.rand(20)
      head = stream.byteslice(0, at)
      tail = stream.byteslice(at, stream.bytesize)
      case @random.rand(7)
      when 0 then head
      when 1 then head + tail.byteslice(size, tail.bytesize).to_s
      when 2 then head + @random.bytes(size) + tail
      when 3 then head + WORDS.sample(random: @random) + tail
      when 4 then stream.sub(/\d+/n) { NUMBERS.sample(random: @random) }
      when 5 then head + (tail.byteslice(0, size) * @random.rand(1..50)) + tail
      else head + other_byte(tail) + tail.byteslice(1, tail.bytesize).to_s
      end
    end

    # The first byte with its highest bit turned over.
    def other_byte(text)
      text.empty? ? "" : [text.getbyte(0) ^ 0x80].pack("C")
    end
  end

  module_function

  # @param pieces [Array<String>]
  # @return [Array] what the parser did with them
  def run(parser, pieces)
    pieces.each { |piece| parser.receive_data(piece.dup) unless parser.ended? }
    parser.unbind if parser.respond_to?(:unbind)
    joined(parser.log)
  end

  # Text that is handed over as it comes may come in other pieces.
  def joined(log)
    log.each_with_object([]) do |event, events|
      if event.first == :stream && events.last&.first == :stream
        events[-1] = [:stream, events[-1][1] + event[1]]
      else
        events << event
      end
    end
  end

  # @return [Integer] bytes of the strings that an object holds, the recorder's log left out
  def held(object, seen = {}.compare_by_identity)
    return 0 if seen[object]

    seen[object] = true
    case object
    when String then object.bytesize
    when Array then object.sum { |item| held(item, seen) }
    when Hash then object.sum { |name, value| held(name, seen) + held(value, seen) }
    when Module, Proc, Method, Numeric, Symbol, Regexp, nil, true, false then 0
    else (object.instance_variables - [:@log]).sum { |name| held(object.instance_variable_get(name), seen) }
    end
  end
end
