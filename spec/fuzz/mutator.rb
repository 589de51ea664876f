# frozen_string_literal: true

module ProtocolFuzz
  # Makes inputs of those of a corpus. The same seed gives the same ones.
  class Mutator
    MAX_LENGTH = 4096
    NUMBERS = %w[0 -1 1 7 65536 4294967295 18446744073709551616 99999999999999999999999].freeze
    BYTES = ["\0\0\0\0", "\0\0\0\1", "\x7F\xFF\xFF\xFF", "\x80\0\0\0", "\xFF\xFF\xFF\xFF", "\0\0", "\xFF\xFF"]
            .map(&:b).freeze
    WORDS = ["\r\n", "\n", "\r", "\0", ":", ".", "\r\n.\r\n", "\xFF\xFE", " ", "\t", "%", "é", ",", "=", "\\"]
            .map(&:b).freeze

    # @param random [Random]
    # @param corpus [Array<String>] grows while the mutator is used
    def initialize(random, corpus)
      @random = random
      @corpus = corpus
      @words = WORDS + corpus.flat_map { |input| input.scan(/[\w.-]{2,20}/n) }.uniq
    end

    # @return [String]
    def input
      return @random.bytes(@random.rand(300)) if @random.rand(20).zero?

      input = Array.new(@random.rand(1..3)) { pick(@corpus) }.join
      @random.rand(5).times { input = spoil(input) }
      input.byteslice(0, MAX_LENGTH)
    end

    private

    def spoil(input)
      at = @random.rand(input.bytesize + 1)
      size = @random.rand(20)
      head = input.byteslice(0, at)
      tail = input.byteslice(at, input.bytesize)
      case @random.rand(10)
      when 0 then head
      when 1 then head + tail.byteslice(size, tail.bytesize).to_s
      when 2 then head + @random.bytes(size) + tail
      when 3 then head + pick(@words) + tail
      when 4 then head + tail.sub(/\d+/n) { pick(NUMBERS) }
      when 5 then head + (tail.byteslice(0, size) * @random.rand(1..50)) + tail
      when 6 then head + pick(BYTES) + tail.byteslice(4, tail.bytesize).to_s
      when 7 then head + spliced(pick(@corpus))
      when 8 then head + tail.byteslice(0, size).reverse + tail.byteslice(size, tail.bytesize).to_s
      else head + other_byte(tail) + tail.byteslice(1, tail.bytesize).to_s
      end
    end

    def spliced(other)
      other.byteslice(@random.rand(other.bytesize + 1), other.bytesize)
    end

    # The first byte with one of its bits turned over.
    def other_byte(text)
      text.empty? ? "" : [text.getbyte(0) ^ (1 << @random.rand(8))].pack("C")
    end

    def pick(list)
      list[@random.rand(list.size)]
    end
  end
end
