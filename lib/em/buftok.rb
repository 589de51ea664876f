# frozen_string_literal: true

# Splits a stream into tokens, such as lines. The stream comes in chunks of any size; a delimiter may be cut
# by their ends. The work is proportional to the bytes that came, however small the chunks.
#
# @example
#   tokenizer = BufferedTokenizer.new("\n")
#   tokenizer.extract("foo\nba") # => ["foo"]
#   tokenizer.extract("r\n")     # => ["bar"]
class BufferedTokenizer
  # @param delimiter [String] what stands between two tokens; compared byte by byte
  # @param size_limit [Integer, nil] bytes that a token may have
  # @raise [NoMethodError] if the delimiter is no string
  def initialize(delimiter = "\n", size_limit = nil)
    @delimiter = delimiter.b.freeze
    # A string of one space would make String#split take runs of whitespace for the delimiter.
    @separator = @delimiter == " " ? / /n : @delimiter
    @size_limit = size_limit
    flush
  end

  # Takes a chunk.
  #
  # @param data [String]
  # @return [Array<String>] the tokens that it completes, without delimiters, in the chunk's encoding
  # @raise [RuntimeError] when a token is longer than the limit; what was kept is dropped
  # @raise [NoMethodError] if the chunk is no string
  def extract(data)
    @encoding = data.encoding
    append(data.b)
    tokens = complete? ? split : []
    enforce_limit(tokens) if @size_limit
    tokens.each { |token| token.force_encoding(@encoding) }
  end

  # Takes out what came after the last delimiter.
  #
  # @return [String] empty where there is nothing
  def flush
    rest = @buffer
    @buffer = String.new
    @searched = 0
    rest&.force_encoding(@encoding || Encoding::BINARY)
  end

  # @return [Boolean] whether nothing came after the last delimiter
  def empty?
    @buffer.empty?
  end

  private

  # The delimiter may have begun in the chunk before.
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

  def enforce_limit(tokens)
    longest = [@buffer, *tokens].max_by(&:bytesize).bytesize
    return if longest <= @size_limit

    flush
    raise "input buffer full: a token of #{longest} bytes or more exceeds the limit of #{@size_limit}"
  end
end
