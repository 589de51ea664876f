# frozen_string_literal: true

# A child process takes the descriptors of its parent's loop over: all that can be, and it ends the others.
RSpec.describe "The descriptors of a loop that is forked" do
  let(:log) { [] }

  # Watches a pipe and closes it behind the reactor's back: no poller takes that descriptor.
  closed_watch = <<~RUBY
    class Silent < EventMachine::Connection
      def notify_readable = nil
    end

    def watch_and_close
      reader, writer = IO.pipe
      EventMachine.watch(reader, Silent) { |connection| connection.notify_readable = true }
      [reader, writer].each(&:close)
    end

    # Nobody else ends a daemon that hangs.
    def daemonize
      Process.daemon(true, true)
      Thread.new { sleep(5) && exit!(1) }
    end
  RUBY

  it "end where they were closed before, and the others go on in a daemon" do
    output, = run_ruby(<<~RUBY)
      $stdout.sync = true
      #{closed_watch}
      EventMachine.run do
        near, far = UNIXSocket.pair
        EventMachine.attach(near, Module.new { def receive_data(data) = puts(data) || EventMachine.stop })
        watch_and_close
        EventMachine.next_tick do
          daemonize
          EventMachine.add_timer(0) { puts("timer") || far.write("data") }
        end
      end
      EventMachine.run { EventMachine.next_tick { puts("again") || EventMachine.stop } }
    RUBY
    expect(output).to eq("timer\ndata\nagain\n")
  end

  it "leave the loop that fork_reactor starts alone" do
    output, = run_ruby(<<~RUBY)
      #{closed_watch}
      EventMachine.run do
        watch_and_close
        EventMachine.next_tick do
          pid = EventMachine.fork_reactor do
            EventMachine.add_timer(0.001) { EventMachine.stop }
            EventMachine.add_shutdown_hook { puts "child" }
          end
          EventMachine.defer(-> { Process.wait2(pid).last.success? }, ->(well) { puts(well) || EventMachine.stop })
        end
      end
    RUBY
    expect(output).to eq("child\ntrue\n")
  end

  it "leave a loop alone that a daemon starts later" do
    output, = run_ruby(<<~RUBY)
      $stdout.sync = true
      #{closed_watch}
      EventMachine.run { watch_and_close && EventMachine.next_tick { EventMachine.stop } }
      daemonize
      EventMachine.run { EventMachine.add_timer(0.001) { puts("timer") || EventMachine.stop } }
    RUBY
    expect(output).to eq("timer\n")
  end

  describe "by another thread, while it waits," do
    idle = <<~RUBY
      loop_thread = Thread.new { EventMachine.run }
      Thread.pass until EventMachine.reactor_running? && loop_thread.stop?
      descriptors = -> { Dir.children("/proc/self/fd").size }
    RUBY

    it "leave none behind in the child, which may run a loop of its own" do
      output, = run_ruby(<<~RUBY)
        #{idle}
        before = descriptors.call
        Process.wait(fork do
          EventMachine.run { EventMachine.next_tick { EventMachine.stop } }
          puts descriptors.call - before
          $stdout.flush
          exit!
        end)
      RUBY
      expect(output).to eq("0\n")
    end

    it "leave none behind in the parent" do
      output, = run_ruby(<<~RUBY)
        #{idle}
        before = descriptors.call
        10.times do
          Process.wait(fork { exit! })
          EventMachine.next_tick { nil }
          Thread.pass until loop_thread.stop?
        end
        puts descriptors.call - before
      RUBY
      expect(output).to eq("0\n")
    end
  end

  it "leave no child behind that could not be taken care of" do
    output, = run_ruby(<<~RUBY)
      EventMachine.run do
        limit = Process.getrlimit(:NOFILE)
        files = []
        Process.setrlimit(:NOFILE, 64, limit.last)
        begin
          loop { files << File.open(File::NULL) }
        rescue Errno::EMFILE
          nil
        end
        outcomes = Array.new(8) do
          files.pop&.close
          EventMachine.popen("true")
          :made
        rescue SystemCallError, RuntimeError
          :refused
        end
        files.each(&:close)
        Process.setrlimit(:NOFILE, *limit)
        # Those that were refused are not there.
        EventMachine.add_periodic_timer(0.01) do
          next if EventMachine.connection_count.positive?

          puts outcomes.uniq.sort.join(" ")
          puts((Process.wait(-1, Process::WNOHANG) rescue "no children"))
          EventMachine.stop
        end
      end
    RUBY
    expect(output).to eq("made refused\nno children\n")
  end
end
