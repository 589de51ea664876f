# frozen_string_literal: true

require "timeout"

# The other specs of interrupts send signals that Windows lacks.
RSpec.describe "A wait on Windows", if: Gem.win_platform? do
  it "ends when its thread is raised in" do
    main = Thread.current
    expect do
      EventMachine.run { Thread.new { main.raise(Interrupt, "Ctrl-C") } }
    end.to raise_error(Interrupt, "Ctrl-C")
    expect(EventMachine.reactor_running?).to be(false)
  end

  # What Ruby does when the console tells it of Ctrl-C.
  it "ends by Ctrl-C, after the hooks, and may be begun again" do
    output, status = run_ruby(<<~RUBY)
      begin
        EventMachine.run do
          EventMachine.add_shutdown_hook { puts "hook" }
          Thread.new { Process.kill(:INT, Process.pid) }
        end
      rescue Interrupt
        puts "interrupted"
      end
      EventMachine.run { EventMachine.next_tick { EventMachine.stop } }
      puts "again"
    RUBY
    expect([output.lines(chomp: true), status.success?]).to eq([%w[hook interrupted again], true])
  end

  it "ends by Timeout" do
    expect { Timeout.timeout(0.05) { EventMachine.run } }.to raise_error(Timeout::Error)
  end

  it "lets other threads run, and is ended by them" do
    ran = []
    EventMachine.run do
      Thread.new { 3.times { |number| (ran << number) && sleep(0.01) } && EventMachine.stop }
    end
    expect(ran).to eq([0, 1, 2])
  end
end
