# frozen_string_literal: true

require "fcntl"
require "io/nonblock"
require "pty"
require "tempfile"

# Each receive_data is one byte, and no more is read than is told: what comes after a close is left in the
# descriptor, for whoever reads it next.
RSpec.describe "EventMachine.open_keyboard" do
  # Writes the sizes of the pieces, what they come to, the mode that the standard input has before and after,
  # and what is left in it.
  let(:script) { <<~RUBY }
    require "fcntl"
    require "io/wait"
    mode = -> { $stdin.fcntl(Fcntl::F_GETFL).anybits?(Fcntl::O_NONBLOCK) ? "non-blocking" : "blocking" }
    typed = +""
    sizes = Hash.new(0)
    handler = Module.new do
      define_method(:receive_data) do |data|
        typed << data
        sizes[data.bytesize] += 1
        %s if typed.end_with?("STOP", "STOP\\n")
      end
      define_method(:unbind) { EventMachine.stop }
    end
    before = mode.call
    EventMachine.run { EventMachine.open_keyboard(handler) }
    puts sizes.keys.inspect, typed.inspect, before, mode.call, $stdin.closed?
    puts(($stdin.wait_readable(0) && !$stdin.eof? ? $stdin.readpartial(100) : "").inspect)
  RUBY

  def run_with(input, stop = "EventMachine.stop")
    command = [RbConfig.ruby, "-I", ProcessHelper::LIBRARY, "-r", "eventmachine", "-e", format(script, stop)]
    IO.popen(command, in: input, err: %i[child out], &:readlines).map(&:chomp)
  end

  def pipe_of(text)
    reader, writer = IO.pipe
    reader.nonblock = false
    writer << text
    writer.close
    reader
  end

  # What the program writes that has read `typed` and left `rest`.
  def report(typed, rest: "")
    [typed.empty? ? "[]" : "[1]", typed.inspect, "blocking", "blocking", "false", rest.inspect]
  end

  it "reads a pipe to its end, and leaves it as it was" do
    expect(run_with(pipe_of("typed\n"))).to eq(report("typed\n"))
  end

  it "reads a file, which is always ready" do
    Tempfile.create("em-keyboard") do |file|
      file.write("typed\n" * 20_000)
      file.rewind
      expect(run_with(file)).to eq(report("typed\n" * 20_000))
    end
  end

  it "finds the end of nothing" do
    expect(run_with(File::NULL)).to eq(report(""))
  end

  it "reads what is typed at a terminal, and leaves it as it was" do
    keyboard, terminal = PTY.open
    keyboard << "typed\nSTOP\n"
    expect(run_with(terminal)).to eq(report("typed\nSTOP", rest: "\n"))
    expect(terminal.fcntl(Fcntl::F_GETFL)).not_to be_anybits(Fcntl::O_NONBLOCK)
  ensure
    [keyboard, terminal].each(&:close)
  end

  %w[close_connection close_connection_after_writing EventMachine.stop].each do |stop|
    it "leaves what comes after #{stop} to the next who reads" do
      expect(run_with(pipe_of("typed STOP\nrest\n"), stop)).to eq(report("typed STOP", rest: "\nrest\n"))
    end
  end

  it "tells LineText2 no line after the one that closes" do
    output, = run_ruby(<<~RUBY)
      reader, writer = IO.pipe
      writer << "one\\ntwo\\nthree\\n"
      $stdin.reopen(reader)
      handler = Module.new do
        include EventMachine::Protocols::LineText2

        def receive_line(line)
          puts line
          close_connection if line == "two"
        end

        def unbind = EventMachine.stop
      end
      EventMachine.run { EventMachine.open_keyboard(handler) }
      puts $stdin.gets
    RUBY
    expect(output).to eq("one\ntwo\nthree\n")
  end

  it "waits while it is paused, and keeps what is typed" do
    output, = run_ruby(<<~RUBY)
      reader, writer = IO.pipe
      writer << "abc"
      $stdin.reopen(reader)
      handler = Module.new do
        def receive_data(data)
          print data
          return EventMachine.stop if data == "c"

          pause
          EventMachine.next_tick { print("|") || resume }
        end
      end
      $stdout.sync = true
      EventMachine.run do
        EventMachine.open_keyboard(handler)
        EventMachine.add_timer(5) { EventMachine.stop }
      end
    RUBY
    expect(output).to eq("a|b|c")
  end
end
