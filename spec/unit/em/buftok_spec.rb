# frozen_string_literal: true

RSpec.describe BufferedTokenizer do
  # The tokens of a text that arrives in chunks of each size.
  def tokens_by_chunk_size(text, *arguments)
    (1..text.bytesize).map do |size|
      tokenizer = described_class.new(*arguments)
      chunks = text.b.scan(/.{1,#{size}}/mn)
      [chunks.flat_map { |chunk| tokenizer.extract(chunk) }, tokenizer.flush]
    end
  end

  it "splits lines, unless told otherwise" do
    tokenizer = described_class.new
    expect(tokenizer.extract("a\nb\nc")).to eq(%w[a b])
    expect(tokenizer.extract("")).to eq([])
    expect(tokenizer.extract("d\n")).to eq(["cd"])
    expect(tokenizer.flush).to eq("")
  end

  it "keeps empty tokens" do
    expect(described_class.new.extract("\n\na\n\n")).to eq(["", "", "a", ""])
  end

  it "keeps carriage returns" do
    expect(described_class.new.extract("a\r\nb\n")).to eq(["a\r", "b"])
  end

  it "gives the same whatever the chunks" do
    [
      ["a\nbb\n\nccc\nd", "\n"],
      ["a\r\nb\rc\nd\r\n\r\n\r", "\r\n"],
      ["a<>END<>b<>END<><>END<>c<>END", "<>END<>"],
      ["1aaab2aab3ab", "aab"],
      [" a  b   c ", " "],
      ["\xFFab\xFF\xFEc\xFF".b, "\xFF".b]
    ].each do |text, delimiter|
      *expected, rest = text.b.split(Regexp.new(Regexp.escape(delimiter.b), Regexp::NOENCODING), -1)
      expect(tokens_by_chunk_size(text, delimiter)).to all(eq([expected, rest]))
    end
  end

  it "splits into bytes by the empty delimiter" do
    tokenizer = described_class.new("")
    expect(tokenizer.extract("abc")).to eq(%w[a b c])
    expect(tokenizer.extract("")).to eq([])
    expect(tokenizer.flush).to eq("")
  end

  it "is not disturbed by changes of a chunk" do
    chunk = +"abc"
    tokenizer = described_class.new
    tokenizer.extract(chunk)
    chunk << "zz\n"
    expect(tokenizer.flush).to eq("abc")
  end

  it "takes frozen chunks, and leaves them alone" do
    chunk = "é\n"
    described_class.new.extract(chunk)
    expect(chunk).to eq("é\n")
    expect(chunk.encoding).to eq(Encoding::UTF_8)
  end

  it "gives tokens in the encoding of the chunk" do
    tokenizer = described_class.new
    expect(tokenizer.extract("é\nü").first.encoding).to eq(Encoding::UTF_8)
    expect(tokenizer.flush).to eq("ü")
    expect(tokenizer.extract("é\n".b).first.encoding).to eq(Encoding::BINARY)
  end

  it "joins a character that was cut" do
    tokenizer = described_class.new
    tokenizer.extract("\xC3")
    expect(tokenizer.extract("\xA9\n")).to eq(["é"])
  end

  describe "#flush" do
    it "takes out what is left, once" do
      tokenizer = described_class.new
      tokenizer.extract("a\nrest")
      expect(tokenizer.flush).to eq("rest")
      expect(tokenizer.flush).to eq("")
      expect(tokenizer.extract("b\n")).to eq(["b"])
    end
  end

  describe "#empty?" do
    it "tells whether anything is left" do
      tokenizer = described_class.new
      expect(tokenizer).to be_empty
      tokenizer.extract("a")
      expect(tokenizer).not_to be_empty
      tokenizer.extract("\n")
      expect(tokenizer).to be_empty
    end
  end

  describe "with a limit" do
    it "takes tokens up to it" do
      expect(described_class.new("\n", 3).extract("abc\nabc\nabc")).to eq(%w[abc abc])
    end

    it "does not count the first bytes of a delimiter" do
      tokenizer = described_class.new("<>", 3)
      expect(%w[abc< >x].map { |chunk| tokenizer.extract(chunk) }).to eq([[], ["abc"]])
    end

    it "refuses longer ones, whatever the chunks" do
      expect { described_class.new("\n", 3).extract("abcd\n") }
        .to raise_error(RuntimeError, /\Ainput buffer full.*4.*3/)
      tokenizer = described_class.new("\n", 3)
      %w[a b c].each { |chunk| tokenizer.extract(chunk) }
      expect { tokenizer.extract("d") }.to raise_error(RuntimeError, /input buffer full/)
    end

    it "drops what it has refused" do
      tokenizer = described_class.new("\n", 3)
      expect { tokenizer.extract("abcd") }.to raise_error(RuntimeError)
      expect(tokenizer).to be_empty
      expect(tokenizer.extract("e\n")).to eq(["e"])
    end
  end

  it "takes time that does not grow with the number of chunks", time_limit: 10 do
    tokenizer = described_class.new("\r\n")
    200_000.times { tokenizer.extract("xxxxx") }
    expect(tokenizer.extract("\r\n").first.bytesize).to eq(1_000_000)
  end

  it "refuses what is no string" do
    [nil, 5, /,/].each do |anything|
      refused = an_instance_of(NoMethodError).and(have_attributes(receiver: anything))
      expect { described_class.new(anything) }.to raise_error(refused)
      expect { described_class.new.extract(anything) }.to raise_error(refused)
    end
  end
end
