# frozen_string_literal: true

require "timeout"

# Drives parsers with spoilt input, cut into pieces at random.
module ProtocolFuzz
  # An input for which a parser does not do what it should.
  Fault = Class.new(StandardError)

  # Seconds of processor time that an input may take. It is short, so most take less than a millisecond.
  TIME_LIMIT = 2

  # The longest pieces in bytes. All inputs are also given in one piece.
  CUTS = [1, 3, 50].freeze

  module_function

  # Gives an input to new parsers, in one piece and in several.
  #
  # @param cutter [Random]
  # @return [Array] what the parser did
  # @raise [Fault] if it raises, takes too long, or does something else when the pieces are others
  def check(target, input, cutter)
    Timeout.timeout(TIME_LIMIT * 10, Fault, "hangs") { compare(target, input, cutter) }
  end

  def compare(target, input, cutter)
    events = attempt(target, [input])
    return events if target.whole

    CUTS.each do |longest|
      pieces = cut(input, longest, cutter)
      others = attempt(target, pieces)
      raise Fault, "#{events.inspect}\nin one piece, but\n#{others.inspect}\nas #{pieces}" unless others == events
    end
    events
  end

  def attempt(target, pieces)
    started = Process.clock_gettime(Process::CLOCK_THREAD_CPUTIME_ID)
    events = target.run(pieces)
    taken = Process.clock_gettime(Process::CLOCK_THREAD_CPUTIME_ID) - started
    raise Fault, "took #{taken.round(1)} s for #{pieces.inspect}" if taken > TIME_LIMIT

    events
  rescue Fault
    raise
  rescue Exception => e
    raise if e.is_a?(Interrupt)

    raise Fault, "raised for #{pieces.inspect}:\n#{e.full_message(highlight: false)}"
  end

  # @return [Array<String>] the input in pieces of at most so many bytes
  def cut(input, longest, cutter)
    pieces = []
    pos = 0
    while pos < input.bytesize
      size = longest == 1 ? 1 : cutter.rand(1..longest)
      pieces << input.byteslice(pos, size)
      pos += size
    end
    pieces
  end

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
