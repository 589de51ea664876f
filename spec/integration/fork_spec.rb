# frozen_string_literal: true

RSpec.describe "Processes of their own" do
  let(:log) { [] }

  # What the block writes in a child process, and whether that ended well.
  def in_child(reader, pid)
    reader.read.tap { expect(Process.wait2(pid).last).to be_success }
  end

  it "run a reactor of their own when they are forked from one" do
    reader, writer = IO.pipe
    em do
      EventMachine.next_tick { writer.puts("tick of the parent") if Process.pid != @parent }
      @parent = Process.pid
      pid = fork do
        writer.puts(EventMachine.reactor_running?)
        EventMachine.run do
          writer.puts(EventMachine.reactor_running?)
          EventMachine.next_tick { EventMachine.stop }
        end
        exit!(0)
      end
      writer.close
      log << in_child(reader, pid)
      log << EventMachine.reactor_running?
      done
    end
    expect(log).to eq(["false\ntrue\n", true])
  end

  it "leave the parent's connections alone" do
    entries = log
    server = Module.new { define_method(:receive_data) { |data| (entries << data) && EventMachine.stop } }
    em do
      EventMachine.start_server("127.0.0.1", port = free_port, server)
      client = EventMachine.connect("127.0.0.1", port)
      EventMachine.add_timer(0.02) do
        pid = EventMachine.fork_reactor { EventMachine.add_timer(0.02) { EventMachine.stop } }
        EventMachine.defer(-> { Process.wait(pid) }, ->(_) { client.send_data("still here") })
      end
    end
    expect(log).to eq(["still here"])
  end

  it "make the calls that were queued before any reactor ran" do
    reader, writer = IO.pipe
    EventMachine.next_tick { writer.puts("tick") || EventMachine.stop }
    pid = fork do
      EventMachine.run
      exit!(0)
    end
    writer.close
    expect(in_child(reader, pid)).to eq("tick\n")
  end

  describe "EventMachine.fork_reactor" do
    it "starts with no connection, timer or tick of the parent's" do
      reader, writer = IO.pipe
      em do
        EventMachine.start_server("127.0.0.1", 0)
        EventMachine.add_timer(0.01) { writer.puts("timer") if Process.pid != @parent }
        EventMachine.next_tick { writer.puts("tick") if Process.pid != @parent }
        @parent = Process.pid
        pid = EventMachine.fork_reactor do
          writer.puts(EventMachine.connection_count)
          EventMachine.add_timer(0.05) { EventMachine.stop }
        end
        writer.close
        EventMachine.defer(-> { in_child(reader, pid) }, ->(output) { (log << output) && done })
      end
      expect(log).to eq(["0\n"])
    end

    it "has a pool of threads of its own" do
      reader, writer = IO.pipe
      em do
        EventMachine.defer(-> { 1 }, lambda do |_|
          pid = EventMachine.fork_reactor do
            EventMachine.defer(-> { Process.pid }, ->(id) { writer.puts(id) || EventMachine.stop })
            EventMachine.add_timer(5) { EventMachine.stop }
          end
          writer.close
          EventMachine.defer(-> { [in_child(reader, pid), pid] }, ->(result) { log.concat(result) && done })
        end)
      end
      expect(log.first).to eq("#{log.last}\n")
    end

    it "may be used when no reactor runs" do
      reader, writer = IO.pipe
      pid = EventMachine.fork_reactor { writer.puts(EventMachine.reactor_running?) || EventMachine.stop }
      writer.close
      expect(in_child(reader, pid)).to eq("true\n")
    end
  end

  describe "Process.daemon in a running reactor" do
    # The daemon still writes to the pipe of standard output.
    def daemonized(body)
      run_ruby(<<~RUBY).first
        $stdout.sync = true
        EventMachine.run do
          EventMachine.add_timer(5) { EventMachine.stop }
          EventMachine.defer(-> { :before }, lambda do |_|
            Process.daemon(true, true)
            #{body}
          end)
        end
        puts "ended"
      RUBY
    end

    it "takes the loop along" do
      expect(daemonized(<<~RUBY)).to eq("true\ntrue\ntick\ntimer\nended\n")
        puts EventMachine.reactor_running?, EventMachine.reactor_thread?
        EventMachine.next_tick { puts "tick" }
        EventMachine.add_timer(0.02) { puts("timer") || EventMachine.stop }
      RUBY
    end

    it "starts threads anew" do
      expect(daemonized(<<~RUBY)).to eq("deferred\nended\n")
        EventMachine.defer(-> { :deferred }, ->(result) { puts(result) || EventMachine.stop })
      RUBY
    end

    it "takes work along that no thread had begun" do
      output, = run_ruby(<<~RUBY)
        $stdout.sync = true
        EventMachine.threadpool_size = 1
        EventMachine.run do
          EventMachine.add_timer(5) { EventMachine.stop }
          EventMachine.defer { sleep }
          EventMachine.defer(-> { :waiting }, ->(result) { puts(result, EventMachine.defers_finished?) || EventMachine.stop })
          EventMachine.add_timer(0.05) { Process.daemon(true, true) }
        end
      RUBY
      expect(output).to eq("waiting\ntrue\n")
    end

    it "keeps a server serving" do
      expect(daemonized(<<~RUBY)).to eq("data\nended\n")
        server = Module.new { def receive_data(data) = puts(data) || EventMachine.stop }
        signature = EventMachine.start_server("127.0.0.1", 0, server)
        port, = Socket.unpack_sockaddr_in(EventMachine.get_sockname(signature))
        EventMachine.connect("127.0.0.1", port) { |connection| connection.send_data("data") }
      RUBY
    end
  end

  it "go on with the loop that was running when they daemonize by hand" do
    output, = run_ruby(<<~RUBY)
      $stdout.sync = true
      EventMachine.run do
        EventMachine.add_timer(5) { EventMachine.stop }
        EventMachine.next_tick do
          exit!(0) if fork
          EventMachine.next_tick { puts(EventMachine.reactor_running?) || EventMachine.stop }
        end
      end
    RUBY
    expect(output).to eq("true\n")
  end
end
