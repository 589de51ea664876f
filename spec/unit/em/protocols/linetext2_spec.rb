# frozen_string_literal: true

RSpec.describe EventMachine::Protocols::LineText2 do
  let(:handler) do
    Class.new do
      include EventMachine::Protocols::LineText2

      attr_reader :log

      def initialize(&on_event)
        @log = []
        @on_event = on_event
      end

      def receive_line(line) = note(:line, line)
      def receive_binary_data(data) = note(:text, data)
      def receive_end_of_binary_data = note(:end, nil)
      def receive_error(message) = note(:error, message)
      def close_connection = note(:close, nil)

      private

      def note(kind, value)
        @log << (value ? [kind, value] : kind)
        instance_exec(kind, value, &@on_event) if @on_event
      end
    end
  end

  def feed(object, data, sizes = [data.bytesize])
    sizes = sizes.cycle
    pos = 0
    while pos < data.bytesize
      size = sizes.next
      object.receive_data(data.byteslice(pos, size))
      pos += size
    end
    object
  end

  def lines_of(object)
    object.log.map { |kind, value| value if kind == :line }.compact
  end

  describe "lines" do
    it "end in a newline, with or without one carriage return" do
      expect(lines_of(feed(handler.new, "a\r\nb\n\n\r\n\r\r\nrest"))).to eq(["a", "b", "", "", "\r"])
    end

    it "are the same when every byte comes alone" do
      expect(lines_of(feed(handler.new, "a\r\nb\n\nrest", [1]))).to eq(["a", "b", ""])
    end

    it "keep carriage returns when the delimiter is another one" do
      object = handler.new
      object.set_delimiter("|")
      expect(lines_of(feed(object, "a|\n|\r\n|| |"))).to eq(["a", "\n", "\r\n", "", " "])
    end

    it "end in a delimiter of several characters that two chunks share" do
      object = handler.new
      object.set_delimiter("012")
      expect(lines_of(feed(object, "Line012Li01ne012", [1]))).to eq(%w[Line Li01ne])
    end

    it "end in a match of a Regexp, wherever it is cut" do
      [1, 2, 3, 100].each do |size|
        object = handler.new
        object.set_delimiter(/\r\n|--|[A-D]/)
        expect(lines_of(feed(object, "oneAtwo\r\nthree--four-D", [size]))).to eq(%w[one two three four-])
      end
    end

    it "get past a Regexp that matches nothing" do
      object = handler.new
      object.set_delimiter(/(?=x)|y/)
      expect(lines_of(feed(object, "axbxycy"))).to eq(%w[a xb x c])
    end

    it "may be split by a Regexp of another encoding than the stream's" do
      object = handler.new
      object.set_delimiter(/é/)
      expect(lines_of(feed(object, "\xFFxé\xFEé".b, [1]))).to eq(["\xFFx".b, "\xFE".b])
    end

    it "take a new delimiter from inside receive_line" do
      object = handler.new { |_, line| set_delimiter(line == "a;b" ? ";" : ",") }
      object.set_delimiter(",")
      expect(lines_of(feed(object, "a;b,c,d;e;f,", [1]))).to eq(["a;b", "c,d", "e;f"])
    end

    it "may be long, and come in pieces" do
      lines = [1, 600_000, 2_000_000, 3].map { |size| Array.new(size / 10 + 1) { |i| i.to_s.rjust(10) }.join }
      object = feed(handler.new, "#{lines.join("\n")}\n", [70_000, 1, 100_000])
      expect(object.log == lines.map { |line| [:line, line] }).to be(true)
    end

    it "may be long when the delimiter changes, or the mode" do
      long = "#{'x' * 10}|" * 150_000
      [["|", ->(object) { object.set_delimiter("|") }, [:line, "x" * 10]],
       ["text", ->(object) { object.set_text_mode(11) }, [:text, "#{'x' * 10}|"]],
       ["nothing", ->(object) { object.set_line_mode }, [:line, "|end"]]].each do |_, change, first|
        object = feed(handler.new, long, [100_000])
        change.call(object)
        expect(feed(object, "|end\n").log.first).to eq(first)
      end
    end

    it "have the encoding of the data" do
      object = feed(handler.new, "é\n")
      object.receive_data("é\n".b)
      expect(lines_of(object).map(&:encoding)).to eq([Encoding::UTF_8, Encoding::BINARY])
    end

    it "leave the data that was given as it was" do
      data = "a\nb"
      object = feed(handler.new, data)
      object.receive_data("c\n")
      expect(data).to eq("a\nb")
    end

    it "come in order when a callback feeds in data of its own" do
      object = handler.new { |_, line| receive_data("inner\nx") if line == "a" }
      expect(lines_of(feed(object, "a\nb\nc\n"))).to eq(%w[a inner xb c])
    end

    it "are not lost when receive_line raises" do
      object = handler.new { |_, line| raise "stop" if line == "b" }
      expect { object.receive_data("a\nb\nc\nd") }.to raise_error("stop")
      object.receive_data("e\n")
      expect(lines_of(object)).to eq(%w[a b c de])
    end

    it "refuse an empty delimiter" do
      expect { handler.new.set_delimiter("") }.to raise_error(ArgumentError, /delimiter/)
      expect { handler.new.set_delimiter(nil) }.to raise_error(ArgumentError, /delimiter/)
    end
  end

  describe "sized text" do
    let(:counted) { handler.new { |kind, line| set_text_mode(line.to_i) if kind == :line } }

    it "is followed by its end and by lines" do
      [1, 3, 100].each do |size|
        object = handler.new { |kind, line| set_text_mode(line.to_i) if kind == :line && line != "z" }
        expect(feed(object, "3\nab\n2\nxyz\n", [size]).log)
          .to eq([[:line, "3"], [:text, "ab\n"], :end, [:line, "2"], [:text, "xy"], :end, [:line, "z"]])
      end
    end

    it "may be asked for again in receive_binary_data" do
      object = handler.new { |kind, text| set_text_mode(text.size == 1 ? 2 : 1) if kind == :text }
      object.set_text_mode(1)
      expect(feed(object, "123" * 3, [2]).log.reject { |entry| entry == :end }.map { |_, text| text.size })
        .to eq([1, 2, 1, 2, 1, 2])
    end

    it "of no bytes is line mode" do
      expect(feed(counted, "0\nabc\n").log).to eq([[:line, "0"], [:line, "abc"]])
    end

    it "is handed over as far as it came when the connection ends" do
      object = handler.new
      object.set_text_mode(10)
      feed(object, "abc", [1]).unbind
      expect(object.log).to eq([[:text, "abc"]])
    end

    it "may begin with bytes that came before the switch" do
      object = feed(handler.new, "ab")
      object.set_text_mode(4)
      object.receive_data("cde\nf\n")
      expect(object.log).to eq([[:text, "abcd"], :end, [:line, "e"], [:line, "f"]])
    end

    it "may end within bytes that came before the switch" do
      object = feed(handler.new, "abc")
      object.set_text_mode(2)
      object.receive_data("\nd\n")
      expect(object.log).to eq([[:text, "ab"], :end, [:line, "c"], [:line, "d"]])
    end

    it "wants a number" do
      expect { handler.new.set_text_mode("x") }.to raise_error(ArgumentError)
    end

    it "has set_binary_mode as another name" do
      object = handler.new
      object.set_binary_mode(2)
      expect(feed(object, "ab").log).to eq([[:text, "ab"], :end])
    end
  end

  describe "unsized text" do
    it "is handed over as it comes" do
      object = handler.new
      object.set_text_mode
      expect(feed(object, "abcdef", [4]).log).to eq([[:text, "abcd"], [:text, "ef"]])
    end

    it "may be thrown back into line mode" do
      object = handler.new { |kind, text| set_line_mode(text[2..]) if kind == :text }
      object.set_text_mode
      expect(lines_of(feed(object, "..a\nb\n"))).to eq(%w[a b])
    end
  end

  describe "limits" do
    before { handler.const_set(:MaxBinaryLength, 10) }

    it "are 32 MiB" do
      expect(described_class::MaxBinaryLength).to eq(33_554_432)
    end

    it "let the longest line and text pass" do
      object = handler.new { |_, line| set_text_mode(10) if line == "0123456789" }
      expect(feed(object, "0123456789\nabcdefghij").log)
        .to include([:line, "0123456789"], [:text, "abcdefghij"])
    end

    it "refuse a longer line, whether it is complete or not" do
      [1, 100].each do |size|
        expect(feed(handler.new, "a\n01234567890\nb\n", [size]).log)
          .to eq([[:line, "a"], [:error, "overlength line"], :close])
      end
    end

    it "refuse a line that never ends without keeping it" do
      object = handler.new
      20.times { object.receive_data("x" * 5) }
      expect(object.log).to eq([[:error, "overlength line"], :close])
    end

    it "refuse a longer text before it comes" do
      object = handler.new { |_, line| set_text_mode(11) if line == "t" }
      expect(feed(object, "t\nabc\n").log).to eq([[:line, "t"], [:error, "overlength text"], :close])
    end
  end

  it "works in an object that was extended and has no connection" do
    object = Object.new.extend(described_class)
    expect { object.receive_data("a\nb") }.not_to raise_error
    object.set_text_mode(described_class::MaxBinaryLength + 1)
    expect { object.receive_data("x") }.not_to raise_error
  end

  it "has receive_ methods that do nothing" do
    object = Object.new.extend(described_class)
    expect([object.receive_line("x"), object.receive_binary_data("x"), object.receive_end_of_binary_data])
      .to eq([nil, nil, nil])
  end
end
