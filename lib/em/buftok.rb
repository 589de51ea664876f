# frozen_string_literal: true

# Splits a stream into tokens, such as lines. The chunks of the stream may have any size; a delimiter may be
# split between two chunks. The work is proportional to the number of bytes, even if the chunks are small.
#
# @example
#   tokenizer = BufferedTokenizer.new("\n")
#   tokenizer.extract("foo\nba") # => ["foo"]
#   tokenizer.extract("r\n")     # => ["bar"]
class BufferedTokenizer
  # @param delimiter [String] the separator of tokens; compared byte by byte
  # @param size_limit [Integer, nil] maximum size of a token in bytes
  # @raise [NoMethodError] if the delimiter is not a String
  def initialize(delimiter = "\n", size_limit = nil)
    @delimiter = delimiter.b.freeze
    # With a single space, String#split would split at runs of whitespace.
    @separator = @delimiter == " " ? / /n : @delimiter
    @size_limit = size_limit
    flush
  end

  # Adds a chunk.
  #
  # @param data [String]
  # @return [Array<String>] the tokens that it completes, without delimiters, in the chunk's encoding
  # @raise [RuntimeError] if a token is longer than the limit; the buffer is dropped
  # @raise [NoMethodError] if the chunk is not a String
  def extract(data)
    @encoding = data.encoding
    append(data.b)
    tokens = complete? ? split : []
    enforce_limit(tokens) if @size_limit
    tokens.each { |token| token.force_encoding(@encoding) }
  end

  # Returns and removes what follows the last delimiter.
  #
  # @return [String] empty if there is nothing
  def flush
    rest = @buffer
    @buffer = String.new
    @searched = 0
    rest&.force_encoding(@encoding || Encoding::BINARY)
  end

  # @return [Boolean] whether nothing follows the last delimiter
  def empty?
    @buffer.empty?
  end

  private

  # The delimiter may have begun in the previous chunk.
  def append(bytes)
    @searched = [@buffer.bytesize - @delimiter.bytesize + 1, 0].max
    @buffer.empty? ? @buffer = bytes : @buffer << bytes
  end

  def complete?
    !@buffer.index(@delimiter, @searched).nil?
  end

  def split
    tokens = @buffer.split(@separator, -1)
    @buffer = tokens.pop || String.new
    tokens
  end

  # What is kept may end in the first bytes of a delimiter.
  def enforce_limit(tokens)
    overlap = [@delimiter.bytesize - 1, 0].max
    longest = [@buffer.bytesize - overlap, *tokens.map(&:bytesize)].max
    return if longest <= @size_limit

    flush
    raise "input buffer full: a token of #{longest} bytes or more exceeds the limit of #{@size_limit}"
  end
end
