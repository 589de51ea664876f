# frozen_string_literal: true

RSpec.describe EventMachine::ChildWatch do
  let(:seen) { [] }

  it "calls its block with the status, and reaps the child" do
    em do
      pid = fork { exit! 3 }
      watch = EventMachine.watch_child(pid) do |status|
        seen << status.pid << status.exitstatus
        expect(watch.status).to equal(status)
        expect(watch).not_to be_active
        expect(watch.pid).to eq(pid)
        expect { Process.wait(pid) }.to raise_error(Errno::ECHILD)
        done
      end
      seen << pid
    end
    expect(seen).to eq([seen.first, seen.first, 3])
    expect(state(:@watches)).to be_empty
  end

  it "has the children that end at once, and leaves others to the application" do
    others = nil
    em do
      reader, writer = IO.pipe
      pids, others = [[12, 7], [4, 8]].map do |count, status|
        Array.new(count) { Process.spawn("read line; exit #{status}", in: reader) }
      end
      pids.each do |pid|
        EventMachine.watch_child(pid) do |status|
          seen << status
          done if seen.size == pids.size
        end
      end
      [reader, writer].each(&:close)
    end
    expect(seen.map(&:exitstatus)).to eq([7] * 12)
    expect(others.map { |pid| Process.wait2(pid)[1].exitstatus }).to eq([8] * 4)
  end

  it "tells nil when somebody else has reaped the child, before or meanwhile, and when it is no child" do
    em do
      reaped = fork { exit! }
      Process.wait(reaped)
      EventMachine.watch_child(reaped) { |status| seen << status }
      reader, writer = IO.pipe
      running = fork { [writer.close, reader.read, exit!] }
      EventMachine.watch_child(running) { |status| (seen << status) && done }
      [reader, writer].each(&:close)
      Process.wait(running)
    end
    expect(seen).to eq([nil, nil])
  end

  it "leaves $? as it is" do
    system("exit 5")
    em { EventMachine.watch_child(fork { exit! 6 }) { (seen << $?.exitstatus) && done } }
    expect(seen).to eq([5])
  end

  it "can be cancelled, and leaves the child then" do
    pid = nil
    em do
      pid = fork { exit! 3 }
      watch = EventMachine.watch_child(pid) { seen << :called }
      expect([watch.cancel, watch.cancel]).to eq([true, false])
      EventMachine.add_timer(0.01) { done }
    end
    expect(Process.wait2(pid)[1].exitstatus).to eq(3)
    expect(seen).to be_empty
    expect(state(:@conns)).to be_empty
  end

  it "refuses what is no process id" do
    em do
      [nil, 0, -1, "1", 2**31, 2**70].each do |pid|
        expect { EventMachine.watch_child(pid) { nil } }.to raise_error(ArgumentError, /#{pid.inspect}/)
      end
      done
    end
  end

  it "says so where processes cannot be watched" do
    allow(EventMachine).to receive(:watch_pid).and_raise(EventMachine::Unsupported, "no pid watching")
    em do
      expect { EventMachine.watch_child(Process.pid) { nil } }.to raise_error(EventMachine::Unsupported)
      expect { EventMachine.watch_child(1) { nil } }.to raise_error(EventMachine::Unsupported)
      expect(state(:@watches)).to be_empty
      done
    end
  end

  it "needs a running reactor" do
    expect { EventMachine.watch_child(1) { nil } }.to raise_error(RuntimeError, /not initialized/)
    expect { EventMachine.spawn("true") }.to raise_error(RuntimeError, /not initialized/)
  end

  describe "EventMachine.spawn" do
    it "runs a command as Process.spawn, and calls with its status" do
      em do
        watch = EventMachine.spawn({ "CODE" => "4" }, "exit $CODE", out: File::NULL) do |status|
          seen << status.exitstatus
          expect(watch.pid).to eq(status.pid)
          done
        end
      end
      expect(seen).to eq([4])
    end

    it "is waited for by a fiber, also when it has ended" do
      in_fiber do
        command = EventMachine.spawn("true")
        expect(command.await).to be_success
        expect(command.await(1)).to be(command.status)
      end
    end

    it "raises what Process.spawn does" do
      em do
        expect { EventMachine.spawn("/no/such/program") }.to raise_error(Errno::ENOENT, /no.such.program/)
        done
      end
    end
  end

  describe EventMachine::ProcessWatch do
    it "has the status of a child that nobody has reaped" do
      watching = Class.new(described_class) do
        def process_exited
          EventMachine.next_tick { EventMachine.stop }
          @seen = [get_status, get_status]
        end
      end
      watch = nil
      em do
        reader, writer = IO.pipe
        watch = EventMachine.watch_process(fork { [writer.close, reader.read, exit!(9)] }, watching)
        expect(watch.get_status).to be_nil
        [reader, writer].each(&:close)
      end
      expect(watch.instance_variable_get(:@seen).map(&:exitstatus)).to eq([9, 9])
    end
  end
end
