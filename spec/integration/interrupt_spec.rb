# frozen_string_literal: true

require "open3"
require "rbconfig"

RSpec.describe "Interrupting a running loop" do
  # Starts a program that says "ready", sends it a signal, and waits for its end.
  #
  # @return [Array(String, Process::Status, Float)] what it wrote from then on, how it ended, and when, in seconds
  def interrupt(script, signal = :INT)
    script = "$stdout.sync = true\n#{script}"
    command = [RbConfig.ruby, "-I", ProcessHelper::LIBRARY, "-r", "eventmachine", "-e", script]
    Open3.popen2e(*command, pgroup: true) do |_, output, process|
      nil until output.gets == "ready\n"
      sent = Process.clock_gettime(Process::CLOCK_MONOTONIC)
      Process.kill(signal, process.pid)
      [read_within(ProcessHelper::LIMIT, output, process), process.value,
       Process.clock_gettime(Process::CLOCK_MONOTONIC) - sent]
    end
  end

  ready = 'EventMachine.add_timer(0.01) { puts "ready" }'

  it "ends it at once by Interrupt, after hooks and unbinds, as Ruby's own exit does" do
    output, status, seconds = interrupt(<<~RUBY)
      class Waiting < EventMachine::Connection
        def unbind = puts("unbound")
      end

      begin
        EventMachine.run do
          EventMachine.add_shutdown_hook { puts "hook" }
          server = EventMachine.start_server("127.0.0.1", 0)
          port = Socket.unpack_sockaddr_in(EventMachine.get_sockname(server)).first
          EventMachine.connect("127.0.0.1", port, Waiting)
          #{ready}
        end
      ensure
        puts "ensured, running: \#{EventMachine.reactor_running?}"
      end
    RUBY

    lines = output.lines(chomp: true)
    expect(lines.first(3)).to eq(["hook", "unbound", "ensured, running: false"])
    expect(output).to include("Interrupt")
    # At the end Ruby sends the signal to itself, so that the shell sees the reason.
    expect(status.termsig).to eq(Signal.list.fetch("INT"))
    expect(seconds).to be < 1.5
  end

  it "ends a loop without a block" do
    _, status, seconds = interrupt('Thread.new { sleep 0.05; puts "ready" }; EventMachine.run')

    expect(status.termsig).to eq(Signal.list.fetch("INT"))
    expect(seconds).to be < 1.5
  end

  it "ends a loop that is busy" do
    output, status, = interrupt(<<~RUBY)
      EventMachine.run do
        #{ready}
        EventMachine.add_shutdown_hook { puts "hook" }
        EventMachine.tick_loop { 1 + 1 }
      end
    RUBY

    expect(output.lines.first).to eq("hook\n")
    expect(status.termsig).to eq(Signal.list.fetch("INT"))
  end

  it "lets the caller of run rescue it and run again" do
    output, status, = interrupt(<<~RUBY)
      begin
        EventMachine.run { #{ready} }
      rescue Interrupt
        puts "interrupted"
      end
      EventMachine.run { EventMachine.next_tick { EventMachine.stop } }
      puts "again"
    RUBY

    expect(output).to eq("interrupted\nagain\n")
    expect(status).to be_success
  end

  it "is not taken by an error handler" do
    output, status, = interrupt(<<~RUBY)
      EventMachine.error_handler { |error| puts "handled \#{error.class}" }
      EventMachine.run { #{ready} }
    RUBY

    expect(output).not_to include("handled")
    expect(status.termsig).to eq(Signal.list.fetch("INT"))
  end

  it "leaves SIGTERM the status that Ruby gives it" do
    output, status, = interrupt(<<~RUBY, :TERM)
      EventMachine.run do
        EventMachine.add_shutdown_hook { puts "hook" }
        #{ready}
      end
    RUBY

    expect(output.lines.first).to eq("hook\n")
    expect(status.termsig).to eq(Signal.list.fetch("TERM"))
  end

  it "lets a trap stop the loop in order, with a success" do
    output, status, = interrupt(<<~RUBY)
      trap(:INT) { EventMachine.stop }
      EventMachine.run do
        EventMachine.add_shutdown_hook { puts "hook" }
        #{ready}
      end
      puts "after"
    RUBY

    expect(output).to eq("hook\nafter\n")
    expect(status).to be_success
  end

  it "lets a trap schedule work" do
    output, status, = interrupt(<<~RUBY)
      trap(:INT) { EventMachine.next_tick { puts("tick") || EventMachine.stop } }
      EventMachine.run { #{ready} }
    RUBY

    expect(output).to eq("tick\n")
    expect(status).to be_success
  end

  it "keeps the status given to exit in a callback, hooks included" do
    output, status = run_ruby(<<~RUBY)
      EventMachine.run do
        EventMachine.add_shutdown_hook { puts "hook" }
        EventMachine.next_tick { exit 7 }
      end
    RUBY

    expect(output).to eq("hook\n")
    expect(status.exitstatus).to eq(7)
  end

  # Consoles and application servers run the loop in a thread, while the main thread continues.
  describe "with the loop in a thread" do
    background = <<~RUBY
      loop_thread = Thread.new { EventMachine.run }
      Thread.pass until EventMachine.reactor_running?
    RUBY

    it "lets the main thread use it, line by line" do
      output, status = run_ruby(<<~RUBY)
        #{background}
        answers = Queue.new
        EventMachine.next_tick { answers << EventMachine.reactor_thread? }
        p answers.pop
        EventMachine.add_timer(0.01) { answers << :timer }
        p answers.pop
        EventMachine.next_tick { EventMachine.stop }
        p loop_thread.join(5).equal?(loop_thread)
      RUBY

      expect(output).to eq("true\n:timer\ntrue\n")
      expect(status).to be_success
    end

    it "ends with the main thread, without waiting for the loop" do
      output, status = run_ruby("#{background}\nputs 'the end'")

      expect(output).to eq("the end\n")
      expect(status).to be_success
    end

    it "lets Ctrl-C at the prompt leave the loop alone" do
      output, status, = interrupt(<<~RUBY)
        #{background}
        begin
          puts "ready"
          sleep
        rescue Interrupt
          puts "prompt"
        end
        p EventMachine.reactor_running?
        EventMachine.next_tick { EventMachine.stop }
        loop_thread.join
        p EventMachine.reactor_running?
      RUBY

      expect(output).to eq("prompt\ntrue\nfalse\n")
      expect(status).to be_success
    end

    it "runs in irb" do
      input = "#{background.lines.map(&:chomp).join('; ')}; :started\n" \
              "answers = Queue.new; EventMachine.next_tick { answers << 6 * 7 }; answers.pop\n" \
              "EventMachine.stop; loop_thread.join(5).class\n"
      command = [RbConfig.ruby, "-I", ProcessHelper::LIBRARY, "-r", "eventmachine", "-r", "irb",
                 "-e", "IRB.start", "--", "-f", "--simple-prompt", "--nomultiline"]
      output, status = Open3.capture2e({ "TERM" => "dumb" }, *command, stdin_data: input)

      expect(output).to include("=> :started", "=> 42", "=> Thread")
      expect(status).to be_success
    end
  end
end
