# frozen_string_literal: true

require "rbconfig"

# The other specs of processes run programs of Unix.
RSpec.describe "Child processes on Windows", if: Gem.win_platform? do
  def ruby(script, *words)
    [RbConfig.ruby, "--disable-gems", "-e", script, *words]
  end

  it "have their output read, and tell how they ended", time_limit: 60 do
    pid = nil
    process = finished(ruby("puts :said; exit 3")) { |started| pid = started.get_pid }
    expect(process.output).to eq("said\r\n").or eq("said\n")
    expect(process.status.exitstatus).to eq(3)
    expect(process.status.pid).to eq(pid)
  end

  it "get their words as they are", time_limit: 60 do
    words = ["a b", 'a"b', "", "back\\slash\\", "%PATH%", "$HOME", "ä"]
    process = finished(ruby("$stdout.binmode.write(ARGV.inspect)", *words))
    expect(process.output.force_encoding("UTF-8")).to eq(words.inspect)
  end

  it "take input, until it ends", time_limit: 60 do
    process = finished(ruby("$stdout.binmode.write($stdin.gets.upcase)")) { |started| started.send_data("said\n") }
    expect(process.output).to eq("SAID\n")
  end

  it "are split into words where they are a String", time_limit: 60 do
    process = finished("cmd /c \"echo two words\"")
    expect(process.output).to match(/two words/)
  end

  it "give all of a long output", time_limit: 60 do
    process = finished(ruby("$stdout.binmode.write('x' * 1_000_000)"))
    expect(process.output).to eq("x" * 1_000_000)
  end

  it "are told of when they cannot be started" do
    em do
      expect { EventMachine.popen(["no-such-program"]) }.to raise_error(RuntimeError, /no-such-program/)
      done
    end
  end

  it "are told of by watch_process, which needs no child", time_limit: 60 do
    seen = []
    handler = Class.new(EventMachine::ProcessWatch) do
      define_method(:process_exited) { (seen << pid) && EventMachine.stop }
    end
    pid = spawn(*ruby("exit"))
    em { EventMachine.watch_process(pid, handler) }
    Process.wait(pid)
    expect(seen).to eq([pid])
  end
end
