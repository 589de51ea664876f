# frozen_string_literal: true

require "tmpdir"

RSpec.describe "Processes" do
  def shell(script, &block)
    finished(["sh", "-c", script], &block)
  end

  def running?(pid)
    Process.kill(0, pid) && true
  rescue Errno::ESRCH
    false
  end

  def clock
    Process.clock_gettime(Process::CLOCK_MONOTONIC)
  end

  describe "EventMachine.popen" do
    it "gives the output, then the status" do
      process = shell("echo one; echo two; exit 3")
      expect(process.output).to eq("one\ntwo\n")
      expect(process.status).to be_a(Process::Status)
      expect(process.status.exitstatus).to eq(3)
      expect(process.status.pid).to eq(process.pid)
      expect(process.reason).to be_nil
    end

    it "splits a string as a shell does" do
      expect(finished(%q(echo 'a  b' "c d" e\ f)).output).to eq("a  b c d e f\n")
    end

    it "tells of the signal that ended the process" do
      status = shell("kill -USR1 $$").status
      expect(status).to be_signaled
      expect(status.termsig).to eq(Signal.list.fetch("USR1"))
      expect(status.exitstatus).to be_nil
    end

    it "gives all of a large output before the end" do
      process = shell("head -c 10000000 /dev/zero; exit 4")
      expect(process.output.bytesize).to eq(10_000_000)
      expect(process.output.count("\0")).to eq(10_000_000)
      expect(process.status.exitstatus).to eq(4)
    end

    it "sends what it is given to the process" do
      sent = Random.new(1).bytes(1_000_000)
      process = finished("cat") do |cat|
        cat.send_data(sent)
        cat.define_singleton_method(:receive_data) do |data|
          super(data)
          close_connection if output.bytesize >= sent.bytesize
        end
      end
      expect(process.output).to eq(sent)
      expect(process.status).to be_success
    end

    it "writes what is queued before closing after writing" do
      script = 'cat > "$OUT"'
      file = File.join(Dir.tmpdir, "em-popen-#{Process.pid}")
      ENV["OUT"] = file
      process = shell(script) do |cat|
        cat.send_data("x" * 500_000)
        cat.close_connection_after_writing
      end
      expect(process.status).to be_success
      expect(File.size(file)).to eq(500_000)
    ensure
      ENV.delete("OUT")
      File.delete(file)
    end

    it "passes the environment and the directory on" do
      ENV["EM_SPEC_VALUE"] = "of the time of the call"
      process = Dir.chdir("/") { shell("echo $EM_SPEC_VALUE in $PWD") }
      expect(process.output).to eq("of the time of the call in /\n")
    ensure
      ENV.delete("EM_SPEC_VALUE")
    end

    it "leaves standard error alone, unless a shell merges it" do
      expect(shell("{ echo out; echo err >&2; } 2>&1").output).to eq("out\nerr\n")
      expect { expect(shell("echo err >&2").output).to eq("") }.to output("err\n").to_stderr_from_any_process
    end

    # The emulator of `rake platforms` has posix_spawn(3) succeed.
    it "gives a program that is missing the status 255, and names it", :kernel do
      process = nil
      expect { process = finished(["/nonexistent/program", "argument"]) }
        .to output("/nonexistent/program: #{Errno::ENOENT.new.message}\n").to_stderr_from_any_process
      expect(process.status.exitstatus).to eq(255)
      expect(process.output).to eq("")
    end

    it "refuses what is no command" do
      em do
        expect { EventMachine.popen([]) }.to raise_error(RuntimeError, /no popen/)
        expect { EventMachine.popen("") }.to raise_error(RuntimeError, /no popen/)
        expect { EventMachine.popen(["echo", "a\0b"]) }.to raise_error(ArgumentError, /null byte/)
        expect { EventMachine.popen(["echo", 1]) }.to raise_error(TypeError)
        done
      end
    end

    it "needs a running reactor" do
      expect { EventMachine.popen("true") }.to raise_error(RuntimeError, /not initialized/)
    end

    it "gives the process no descriptor but the standard ones" do
      script = "ls -l /proc/$$/fd | grep -cE 'socket|anon_inode'"
      count = nil
      em do
        EventMachine.start_server("127.0.0.1", 0)
        EventMachine.popen("cat")
        process = EventMachine.popen(["sh", "-c", script], ChildHelper::Collector) { |c| count = c }
        process.send_data("")
      end
      expect(count.output).to eq("2\n")
    end

    it "has a descriptor and socket options as any connection" do
      shell("read line") do |process|
        expect(File).to exist("/proc/self/fd/#{EventMachine.get_file_descriptor(process.signature)}")
        type = process.get_sock_opt(Socket::SOL_SOCKET, Socket::SO_TYPE)
        expect(type.unpack1("i")).to eq(Socket::SOCK_STREAM)
        process.send_data("\n")
      end
    end

    it "does not block the reactor while a process is told to end" do
      ticks = 0
      process = shell("trap '' TERM; echo ready; while :; do sleep 0.05; done") do |stubborn|
        EventMachine.add_periodic_timer(0.05) { ticks += 1 }
        stubborn.define_singleton_method(:receive_data) { |_| close_connection }
      end
      expect(process.status.termsig).to eq(Signal.list.fetch("KILL"))
      expect(ticks).to be > 15
    end

    it "sends SIGTERM half a second after the connection was closed" do
      start = clock
      process = finished("sleep 30", &:close_connection)
      expect(process.status.termsig).to eq(Signal.list.fetch("TERM"))
      expect(clock - start).to be_between(0.5, 3)
    end

    it "waits for a process that has closed its output" do
      expect(shell("exec <&- >&-; sleep 0.7; exit 5").status.exitstatus).to eq(5)
    end
  end

  describe "Connection#get_status" do
    it "is nil while the process runs" do
      finished("cat") do |cat|
        expect(cat.get_status).to be_nil
        expect(running?(cat.get_pid)).to be(true)
        cat.close_connection
      end
    end

    it "is still known after the end" do
      statuses = []
      em do
        process = EventMachine.popen("true")
        process.define_singleton_method(:unbind) do
          EventMachine.next_tick { (statuses << get_status << get_pid) && EventMachine.stop }
        end
      end
      expect(statuses.first).to be_success
      expect(statuses.last).to eq(statuses.first.pid)
    end

    it "is nil for other connections" do
      em do
        server = EventMachine.start_server("127.0.0.1", 0)
        expect(EventMachine.get_subprocess_status(server)).to be_nil
        expect(EventMachine.get_subprocess_pid(server)).to be_nil
        expect(EventMachine.get_subprocess_status(-1)).to be_nil
        done
      end
    end

    it "leaves the application's $? alone" do
      system("exit 9")
      expect(shell("exit 3").status.exitstatus).to eq(3)
      expect($?.exitstatus).to eq(9)
    end
  end

  describe "EventMachine.system" do
    it "calls back with output and status, and returns the process id" do
      pid = result = nil
      em { pid = EventMachine.system("sh", "-c", "echo out; exit 2") { |*all| (result = all) && done } }
      expect(result.first).to eq("out\n")
      expect(result.last.exitstatus).to eq(2)
      expect(result.last.pid).to eq(pid)
    end

    it "takes more than one process at a time" do
      results = {}
      em do
        %w[a b c].each do |name|
          EventMachine.system("echo", name) do |output, _|
            results[name] = output
            done if results.size == 3
          end
        end
      end
      expect(results).to eq("a" => "a\n", "b" => "b\n", "c" => "c\n")
    end
  end

  describe "EventMachine::DeferrableChildProcess" do
    it "succeeds with the output" do
      output = nil
      em { EventMachine::DeferrableChildProcess.open("echo out").callback { |data| (output = data) && done } }
      expect(output).to eq("out\n")
    end
  end

  describe "many children" do
    it "leave no zombies and no descriptors", time_limit: 30 do
      codes = Hash.new { |hash, key| hash[key] = [] }
      pids = []
      start_all = lambda do
        200.times do |n|
          pids << EventMachine.system("sh", "-c", "echo #{n}; exit #{n % 100}") do |output, status|
            codes[status.exitstatus] << output.to_i
            done if codes.sum { |_, outputs| outputs.size } == 200
          end
        end
      end
      expect { em(20, &start_all) }.not_to leak_descriptors
      expect(codes.transform_values(&:sort)).to eq((0..99).to_h { |n| [n, [n, n + 100]] })
      expect(pids.none? { |pid| running?(pid) }).to be(true)
    end
  end

  describe "the application's own children" do
    it "keep their statuses" do
      own = spawn("exit 6")
      statuses = []
      em do
        EventMachine.system("false") do
          statuses << Process.wait2(own).last.exitstatus
          done
        end
      end
      expect(statuses).to eq([6])
    end

    it "are told of by SIGCHLD as before" do
      signals = 0
      previous = trap("CHLD") { signals += 1 }
      shell("exit 0")
      own = spawn("exit 0")
      Process.wait(own)
      wait_until { signals.positive? }
    ensure
      trap("CHLD", previous || "DEFAULT")
    end

    it "may be waited for by number, with a status of nil then" do
      process = shell("exit 3") { |started| Process.wait(started.get_pid) }
      expect(process.status).to be_nil
    end
  end

  describe "the end of the reactor" do
    it "ends what still runs, with its status" do
      process = finished("sleep 30") { done }
      expect(process.status.termsig).to eq(Signal.list.fetch("TERM"))
      expect(running?(process.pid)).to be(false)
    end

    it "leaves a process that does not obey, which becomes no zombie" do
      start = clock
      process = shell("trap '' TERM; echo ready; while :; do sleep 0.05; done") do |stubborn|
        stubborn.define_singleton_method(:receive_data) { |_| EventMachine.stop }
      end
      expect(clock - start).to be < 3
      expect(process.status).to be_nil
      expect(running?(process.pid)).to be(true)
      Process.kill(:KILL, process.pid)
      wait_until(what: "the end of the process") { !running?(process.pid) }
    end

    it "in a forked child leaves the parent's processes alone" do
      script = <<~RUBY
        EventMachine.run do
          cat = EventMachine.popen("cat")
          fork { EventMachine.stop_event_loop; EventMachine.cleanup_machine; exit!(0) }
          Process.wait
          EventMachine.add_timer(0.1) do
            puts(Process.kill(0, cat.get_pid))
            EventMachine.stop
          end
        end
      RUBY
      expect(run_ruby(script).first).to eq("1\n")
    end
  end

  describe "EventMachine.watch_process", if: RUBY_PLATFORM.include?("linux") do
    let(:handler) do
      entries = seen
      Class.new(EventMachine::ProcessWatch) do
        define_method(:process_exited) { entries << [:exited, pid] }
        define_method(:unbind) { (entries << :unbound) && EventMachine.stop }
      end
    end
    let(:seen) { [] }

    it "tells of the end of a child, and reaps it not" do
      pid = spawn("sleep 30")
      em do
        EventMachine.watch_process(pid, handler)
        EventMachine.next_tick { Process.kill(:KILL, pid) }
      end
      expect(seen).to eq([[:exited, pid], :unbound])
      expect(Process.wait2(pid).last.termsig).to eq(Signal.list.fetch("KILL"))
    end

    it "tells of the end of a process that is no child" do
      grandchild = IO.popen(["sh", "-c", "sleep 30 >/dev/null & echo $!"]) { |io| Integer(io.read) }
      em do
        EventMachine.watch_process(grandchild, handler)
        EventMachine.next_tick { Process.kill(:KILL, grandchild) }
      end
      expect(seen).to eq([[:exited, grandchild], :unbound])
    end

    it "is ended by stop_watching" do
      em { EventMachine.watch_process(Process.pid, handler).stop_watching }
      expect(seen).to eq([:unbound])
    end

    it "may be stopped while it tells" do
      entries = seen
      handler.define_method(:process_exited) { (entries << :exited) && stop_watching }
      pid = spawn("exit 0")
      em { EventMachine.watch_process(pid, handler) }
      Process.wait(pid)
      expect(seen).to eq(%i[exited unbound])
    end

    it "names a process that does not exist" do
      pid = spawn("exit 0")
      Process.wait(pid)
      em do
        expect { EventMachine.watch_process(pid) }
          .to raise_error(EventMachine::Unsupported, /No such process.* #{pid}\z/)
        expect { EventMachine.watch_process(-1) }.to raise_error(EventMachine::Unsupported)
        done
      end
    end

    it "is not to be ended twice, nor where there is none" do
      em do
        expect { EventMachine.unwatch_pid(12_345) }.to raise_error(EventMachine::InvalidSignature, /12345/)
        done
      end
    end

    it "leaks no descriptor" do
      pid = spawn("exit 0")
      expect { em { EventMachine.watch_process(pid, handler) } }.not_to leak_descriptors
      Process.wait(pid)
    end
  end
end
