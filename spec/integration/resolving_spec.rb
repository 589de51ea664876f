# frozen_string_literal: true

# A name is resolved before the call that needs it returns. Other threads run meanwhile, and whatever is to
# end the loop ends the wait.
RSpec.describe "The resolution of a name that nobody answers" do
  include NameSpace

  operations = {
    "connect" => 'EventMachine.connect("mute.example", 80)',
    "bind_connect" => 'EventMachine.bind_connect("mute.example", 0, "127.0.0.1", 80)',
    "start_server" => 'EventMachine.start_server("mute.example", 0)',
    "open_datagram_socket" => 'EventMachine.open_datagram_socket("mute.example", 0)',
    "send_datagram" => 'EventMachine.open_datagram_socket("127.0.0.1", 0).send_datagram("word", "mute.example", 9)'
  }
  operations.each do |name, call|
    it "by #{name} is ended by a signal" do
      output = run_unanswered(<<~RUBY)
        Signal.trap(:USR1) { raise Interrupt }
        Thread.new { asked.pop && Process.kill(:USR1, Process.pid) }
        begin
          EventMachine.run { #{call} }
        rescue Interrupt
          puts "interrupted"
        end
        EventMachine.run { EventMachine.next_tick { puts("again") || EventMachine.stop } }
        exit!
      RUBY
      expect(output).to eq("interrupted\nagain\n")
    end
  end

  it "is ended by EventMachine.stop" do
    output = run_unanswered(<<~RUBY)
      Thread.new { asked.pop && EventMachine.stop }
      EventMachine.run do
        EventMachine.add_shutdown_hook { puts "hook" }
        EventMachine.connect("mute.example", 80)
      end
      puts "stopped"
      exit!
    RUBY
    expect(output).to eq("hook\nstopped\n")
  end

  it "is ended by EventMachine.stop in all fibers that wait for one" do
    output = run_unanswered(<<~RUBY)
      Thread.new { 2.times { asked.pop } && EventMachine.stop }
      EventMachine.run do
        %w[one two].each do |name|
          EventMachine.fiber do
            EventMachine.shield { EventMachine.connect("\#{name}.mute.example", 80) && print("\#{name}\\n") }
          end
        end
      end
      puts "stopped"
      exit!
    RUBY
    expect(output.lines(chomp: true)).to contain_exactly("one", "two", "stopped")
  end

  it "is ended by Thread#kill" do
    output = run_unanswered(<<~RUBY)
      loop_thread = Thread.new { EventMachine.run { EventMachine.connect("mute.example", 80) } }
      asked.pop
      loop_thread.kill.join
      puts "ended", EventMachine.reactor_running?
      exit!
    RUBY
    expect(output).to eq("ended\nfalse\n")
  end

  it "is ended by Timeout" do
    output = run_unanswered(<<~RUBY)
      require "timeout"
      EventMachine.run do
        Timeout.timeout(0.1) { EventMachine.connect("mute.example", 80) }
      rescue Timeout::Error
        puts "timeout"
        EventMachine.add_timer(0) { puts("timer") || EventMachine.stop }
      end
      exit!
    RUBY
    expect(output).to eq("timeout\ntimer\n")
  end

  it "lets other threads run" do
    output = run_unanswered(<<~RUBY)
      Thread.new do
        asked.pop
        puts "running"
        exit!
      end
      EventMachine.run { EventMachine.connect("mute.example", 80) }
    RUBY
    expect(output).to eq("running\n")
  end

  it "lets the loop go on where another thread asks" do
    output = run_unanswered(<<~RUBY)
      EventMachine.run do
        asking = Thread.new { EventMachine.connect("mute.example", 80) }
        Thread.new do
          asked.pop
          EventMachine.add_timer(0.01) { puts("timer", asking.alive?) || EventMachine.stop }
        end
      end
      puts "stopped"
      exit!
    RUBY
    expect(output).to eq("timer\ntrue\nstopped\n")
  end
end
