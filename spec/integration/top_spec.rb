# frozen_string_literal: true

require "open3"
require "pty"
require "em/top"

RSpec.describe "eventmachine-top" do
  include PeerHelper

  command = File.expand_path("../../exe/eventmachine-top", __dir__)
  invocation = [RbConfig.ruby, "-w", "-I", ProcessHelper::LIBRARY, command]

  after { EventMachine.disable_metrics }

  # A loop in a process of its own that serves metrics; the block gets the path, and a pipe that ends it.
  def with_server(program = "")
    script = "EM.run { EM.serve_metrics(ARGV[0]); #{program}; puts 'ready'; $stdout.flush; EM.attach($stdin) { |i| " \
             "i.define_singleton_method(:unbind) { EM.stop } } }"
    ruby = [RbConfig.ruby, "-I", ProcessHelper::LIBRARY, "-r", "eventmachine", "-e", script, socket_path]
    Open3.popen2(*ruby) do |input, output, _|
      output.gets
      yield socket_path, input
    end
  end

  define_method(:top) { |*arguments| Open3.capture3(*invocation, *arguments) }

  it "prints one reading, without a terminal" do
    output, errors, status = with_server("EM.enable_metrics(slow: 0.01); EM.next_tick { sleep 0.01 }") do |path, _|
      top("--once", path)
    end
    expect([errors, status.exitstatus]).to eq(["", 0])
    expect(output).to match(/\Aeventmachine [\d.]+   pid \d+   since counting began, \d+ s   #{socket_path}$/)
    expect(output).to match(/^load [\d.]+ %   lag p50 [\d.]+ (µs|ms|s)  p99 .*   longest ever/)
    expect(output).to match(/^turns [\d.]+\/s   callbacks [\d.]+\/s$/).and match(/^servers 1|   servers 1   /)
    expect(output).to match(/^accept +[\d.]+ +[\d.]+ % +[\d.]+ (µs|ms)$/)
    expect(output).to match(/^next_tick +1 +\d\d.\d ms  -e:1$/)
  end

  {
    "there is no socket" => [["/nowhere/at.sock"], 1, "/nowhere/at.sock: there is no such socket"],
    "the path is of another file" => [[__FILE__], 1, "#{__FILE__}: nobody listens there"],
    "the path is too long" => [["x" * 200], 1, "x" * 200],
    "there is no path" => [[], 2, "missing argument: the path of a socket"],
    "there are two" => [%w[a b], 2, "needless argument: b"],
    "the interval is none" => [%w[--interval 0 a], 2, "must be positive"],
    "the option is unknown" => [%w[--twice a], 2, "invalid option: --twice; --help tells more"]
  }.each do |reason, (arguments, status, message)|
    it "says so if #{reason}" do
      output, errors, ended = top("--once", *arguments)
      expect([output, ended.exitstatus]).to eq(["", status])
      expect(errors).to start_with("eventmachine-top: ").and include(message)
      expect(errors.lines.size).to eq(1)
    end
  end

  it "says so if the process has ended without removing its socket, or is no EventMachine" do
    UNIXServer.new(socket_path).close
    expect(top("--once", socket_path)[1]).to include("the process has ended")
    File.delete(socket_path)
    server = UNIXServer.new(socket_path)
    thread = Thread.new { server.accept.then { |peer| peer.readpartial(999) && peer.write("nonsense") && peer.close } }
    expect(top("--once", socket_path)[1]).to include("not metrics of eventmachine")
  ensure
    thread&.join
    server&.close
  end

  it "needs a terminal to go on showing" do
    output, errors, status = with_server { |path, _| top(path) }
    expect([output, status.exitstatus]).to eq(["", 1])
    expect(errors).to include("needs a terminal; --once")
  end

  it "prints its usage and version" do
    expect(top("--help").first).to start_with("Usage: eventmachine-top [options] PATH\n")
    expect(top("--version").first).to eq("#{EventMachine::VERSION}\n")
  end

  # Reads what the terminal shows until it is there.
  def await(terminal, pattern)
    shown = +""
    shown << terminal.readpartial(4096) until shown.match?(pattern)
    shown
  end

  { "the key q" => "q", "an interrupt" => "\u0003" }.each do |name, key|
    it "shows readings until #{name}, and leaves the terminal as it was" do
      with_server do |path, _|
        PTY.spawn(*invocation, "--interval", "0.05", path) do |terminal, input, pid|
          terminal.set_encoding(Encoding::UTF_8)
          shown = await(terminal, /in the last.*callbacks  .*a second.*accept /m)
          expect(shown).to include("\e[?1049h", "since counting began", "\r\n")
          input.write(key)
          rest = await(terminal, /\e\[\?1049l/)
          expect(rest).to end_with("\e[?25h\e[?1049l")
          expect(Process.wait2(pid).last.exitstatus).to eq(0)
        end
      end
    end
  end

  it "ends with a message when the process does" do
    with_server do |path, stop|
      PTY.spawn(*invocation, "--interval", "0.05", path) do |terminal, _, pid|
        terminal.set_encoding(Encoding::UTF_8)
        await(terminal, /in the last/)
        stop.close
        await(terminal, /eventmachine-top: #{Regexp.escape(path)}: (there is no|nobody|the connection)/)
        expect(Process.wait2(pid).last.exitstatus).to eq(1)
      end
    end
  end

  describe EventMachine::Top::Scrape do
    it "tells a process whose loop is blocked" do
      server = UNIXServer.new(socket_path)
      expect { described_class.new(socket_path, 0.01).text }.to raise_error(EventMachine::Top::Blocked)
    ensure
      server.close
    end
  end

  describe EventMachine::Top::Reading do
    def reading(seconds, calls, buckets: [0, 0], pid: 1, turns: calls)
      described_class.new(<<~TEXT)
        # TYPE eventmachine_busy_seconds counter
        eventmachine_info{pid="#{pid}",version="1"} 1
        eventmachine_turns_total #{turns}
        eventmachine_busy_seconds_total #{seconds}
        eventmachine_idle_seconds_total #{seconds * 3}
        eventmachine_callbacks_total{kind="timer"} #{calls}
        eventmachine_lag_seconds_bucket{le="0.001"} #{buckets[0]}
        eventmachine_lag_seconds_bucket{le="+Inf"} #{buckets[1]}
        eventmachine_lag_max_seconds 2.5
        eventmachine_slow_callbacks_total{kind="fiber",name="a \\"b\\"\\\\\\n"} 1
        # EOF
      TEXT
    end

    let(:first) { reading(1.0, 10, buckets: [90, 100]) }
    let(:second) { reading(2.0, 30, buckets: [190, 200]) }

    it "has changes since another reading, or since the beginning" do
      expect([second.seconds(first), second.seconds(nil), second.load(first)]).to eq([4.0, 8.0, 0.25])
      expect(second.growth("callbacks_total", first, { "kind" => "timer" })).to eq(20.0)
      expect([first.lag(50, nil), first.lag(99, nil), second.lag(99, first)]).to eq([0.001, 2.5, 0.001])
    end

    it "reckons from zero when another process is there, or counting began anew" do
      expect(reading(1.0, 40, pid: 2).seconds(second)).to eq(4.0)
      expect(reading(1.0, 5).seconds(second)).to eq(4.0)
    end

    it "has names as they were, and nothing of what is not there" do
      labels, = first.all("slow_callbacks_total").first
      expect(labels["name"]).to eq("a \"b\"\\\n")
      empty = described_class.new("")
      expect([empty.value("turns_total"), empty.load(nil), empty.lag(50, nil), empty.info("pid")])
        .to eq([0.0, 0.0, 0.0, nil])
      expect(EventMachine::Top::Page.new("path", empty).lines).to include("servers 0   timers 0   tasks 0")
    end
  end

  describe EventMachine::Top::Terminal do
    it "shows what fits, and nothing that commands the terminal" do
      output = StringIO.new
      def output.winsize = [2, 10]
      described_class.new($stdin, output).show(["a\e[2Jb", "x" * 20, "third"])
      expect(output.string).to eq("\e[Ha?[2Jb\e[K\r\nxxxxxxxxxx\e[K\e[J")
    end
  end
end
