# frozen_string_literal: true

require "fcntl"
require "io/nonblock"
require "pty"
require "tempfile"

RSpec.describe "EventMachine.open_keyboard" do
  # Writes what comes, in one line at the end, and the mode that the standard input is left in.
  let(:script) { <<~RUBY }
    require "fcntl"
    mode = -> { $stdin.fcntl(Fcntl::F_GETFL).anybits?(Fcntl::O_NONBLOCK) ? "non-blocking" : "blocking" }
    handler = Module.new do
      def receive_data(data)
        @data = "\#{@data}\#{data}"
        EventMachine.stop if @data.include?("STOP")
      end

      def unbind
        puts @data.inspect
        EventMachine.stop
      end
    end
    before = mode.call
    EventMachine.run { EventMachine.open_keyboard(handler) }
    puts before, mode.call, $stdin.closed?
  RUBY

  def run_with(input)
    command = [RbConfig.ruby, "-I", ProcessHelper::LIBRARY, "-r", "eventmachine", "-e", script]
    IO.popen(command, in: input, err: %i[child out], &:readlines).map(&:chomp)
  end

  it "reads a pipe to its end, and leaves it as it was" do
    reader, writer = IO.pipe
    reader.nonblock = false
    writer << "typed\n"
    writer.close
    expect(run_with(reader)).to eq(['"typed\n"', "blocking", "blocking", "false"])
  ensure
    reader.close
  end

  it "reads a file, which is always ready" do
    Tempfile.create("em-keyboard") do |file|
      file.write("typed\n" * 20_000)
      file.rewind
      expect(run_with(file)).to eq([("typed\n" * 20_000).inspect, "blocking", "blocking", "false"])
    end
  end

  it "finds the end of nothing" do
    expect(run_with(File::NULL)).to eq(["nil", "blocking", "blocking", "false"])
  end

  it "reads what is typed at a terminal, and leaves it as it was" do
    keyboard, terminal = PTY.open
    keyboard << "typed\nSTOP\n"
    expect(run_with(terminal)).to eq(['"typed\nSTOP\n"', "blocking", "blocking", "false"])
    expect(terminal.fcntl(Fcntl::F_GETFL)).not_to be_anybits(Fcntl::O_NONBLOCK)
  ensure
    [keyboard, terminal].each(&:close)
  end
end
