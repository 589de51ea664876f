# frozen_string_literal: true

RSpec.describe "Child processes" do
  let(:seen) { [] }

  # @return [Array] what EventMachine.system calls back with
  def system_results(*arguments)
    em { EventMachine.system(*arguments) { |*results| (seen << results) && done } }
    seen.last
  end

  describe "EventMachine.popen" do
    it "splits a String into words as a shell does, without expansions" do
      process = finished(%q(printf '%s,' "a b" 'c d' e\ f $HOME * | cat))
      expect(process.output).to eq("a b,c d,e f,$HOME,*,|,cat,")
    end

    it "takes the words of an Array as they are" do
      words = ["printf", "%s,", "a b", "'c", "$HOME", ""]
      expect(finished(words).output).to eq("a b,'c,$HOME,,")
      expect(words.size).to eq(6)
    end

    it "tells the exit status" do
      expect(finished(["sh", "-c", "exit 3"]).status.exitstatus).to eq(3)
      expect(finished("true").status).to be_success
    end

    it "tells the signal" do
      expect(finished(["sh", "-c", "kill -TERM $$"]).status.termsig).to eq(Signal.list.fetch("TERM"))
    end

    it "tells the process id" do
      pid = nil
      process = finished(["sh", "-c", "echo $$"]) { |child| pid = child.get_pid }
      expect(process.output.to_i).to eq(pid)
      expect(process.status.pid).to eq(pid)
    end

    it "sends input" do
      process = finished("head -c 5") { |child| child.send_data("hello world") }
      expect(process.output).to eq("hello")
    end

    it "gives the process this one's environment" do
      ENV["EM_SPEC_VARIABLE"] = "value"
      expect(finished(["sh", "-c", "echo $EM_SPEC_VARIABLE"]).output).to eq("value\n")
    ensure
      ENV.delete("EM_SPEC_VARIABLE")
    end

    it "gives arguments to the handler, which may be a module" do
      expect(finished("true", 1, 2).arguments).to eq([1, 2])
      record = seen
      handler = Module.new do
        define_method(:receive_data) { |data| record << data }
        define_method(:unbind) { EventMachine.stop }
      end
      em { EventMachine.popen("echo hi", handler) }
      expect(seen).to eq(["hi\n"])
    end

    it "yields and returns the connection" do
      em do
        process = EventMachine.popen("true", ChildHelper::Collector) { |connection| seen << connection }
        expect(seen).to eq([process])
        expect(process).to be_a(ChildHelper::Collector)
      end
    end

    it "needs no handler" do
      em do
        expect(EventMachine.popen("true")).to be_an_instance_of(EventMachine::Connection)
        done
      end
    end

    it "refuses handlers that are none" do
      em do
        expect { EventMachine.popen("true", "text") }.to raise_error(TypeError, /String \(expected Module\)/)
        expect { EventMachine.popen("true", String) }.to raise_error(ArgumentError, /must provide/)
        done
      end
    end

    it "refuses commands that are none" do
      em do
        [nil, 5].each do |anything|
          expect { EventMachine.popen(anything) }
            .to raise_error(an_instance_of(NoMethodError).and(have_attributes(receiver: anything)))
        end
        expect { EventMachine.popen(["sleep", 5]) }.to raise_error(TypeError, /Integer/)
        expect { EventMachine.popen("echo 'a") }.to raise_error(ArgumentError, /echo 'a/)
        expect { EventMachine.popen(%W[echo a\0b]) }.to raise_error(ArgumentError, /null byte/)
        done
      end
    end

    it "refuses an empty command" do
      em do
        ["", "  ", []].each { |command| expect { EventMachine.popen(command) }.to raise_error(RuntimeError) }
        done
      end
    end

    it "takes fewer than 2,048 words, the name of the program among them" do
      expect { EventMachine.invoke_popen(["true"] * 2048) }
        .to raise_error(RuntimeError, "too many arguments to popen")
      expect { EventMachine.popen(["true"] * 2047) }.to raise_error(RuntimeError, /too many/)
      expect { EventMachine.popen(["true"] * 2046) }.to raise_error(RuntimeError, /not initialized/)
    end

    it "needs a running reactor" do
      expect { EventMachine.popen("true") }.to raise_error(RuntimeError, /not initialized/)
    end
  end

  describe "EventMachine.system" do
    it "calls back with output and status, and returns the process id" do
      pid = nil
      em { pid = EventMachine.system("echo hi") { |*results| (seen << results) && done } }
      output, status = seen.last
      expect(output).to eq("hi\n")
      expect(output.encoding).to eq(Encoding::BINARY)
      expect(status).to be_a(Process::Status)
      expect(status.exitstatus).to eq(0)
      expect(status.pid).to eq(pid)
    end

    it "takes arguments as they are" do
      output, = system_results("printf", "%s,", "a b", "$HOME")
      expect(output).to eq("a b,$HOME,")
    end

    it "takes an Array" do
      output, = system_results(["printf", "%s,", "a b"])
      expect(output).to eq("a b,")
    end

    it "calls back with all of a long output" do
      output, = system_results("head", "-c", "1000000", "/dev/zero")
      expect(output.bytesize).to eq(1_000_000)
    end

    it "calls back with the status of a command that fails" do
      output, status = system_results("sh", "-c", "echo out; exit 7")
      expect(output).to eq("out\n")
      expect(status.exitstatus).to eq(7)
    end

    it "calls back with a failure for a command that is not there" do
      output, status = system_results("/no/such/command")
      expect(output).to eq("")
      expect(status).not_to be_success
    end

    it "takes the callback for its last argument" do
      em { EventMachine.system("echo hi", ->(output, _) { (seen << output) && done }) }
      expect(seen).to eq(["hi\n"])
    end

    it "calls any callable, also a method" do
      receiver = Class.new do
        attr_reader :output

        def take(output, _status)
          @output = output
          EventMachine.stop
        end
      end.new
      em { EventMachine.system("echo hi", receiver.method(:take)) }
      expect(receiver.output).to eq("hi\n")
    end

    it "lets a proc ask for the output alone" do
      em { EventMachine.system("echo hi") { |output| (seen << output) && done } }
      expect(seen).to eq(["hi\n"])
    end

    it "gives the process to a callable before the callback" do
      talk = lambda do |process|
        seen << process.class
        process.send_data("echo hello\nexit 3\n")
      end
      callback = ->(output, status) { (seen << output << status.exitstatus) && done }
      em { EventMachine.system("sh", talk, callback) }
      expect(seen).to eq([EventMachine::SystemCmd, "hello\n", 3])
    end

    it "gives the process to a callable beside the block" do
      talk = ->(process) { process.send_data("exit 4\n") }
      em { EventMachine.system("sh", "-s", talk) { |_, status| (seen << status.exitstatus) && done } }
      expect(seen).to eq([4])
    end

    it "takes nil for no callable" do
      em { EventMachine.system("echo hi", nil) { |output, _| (seen << output) && done } }
      em { EventMachine.system("echo hi", nil, ->(output, _) { (seen << output) && done }) }
      expect(seen).to eq(%W[hi\n hi\n])
    end

    it "needs no callback" do
      em do
        expect(EventMachine.system("true")).to be_an(Integer)
        EventMachine.system("true") { done }
      end
    end

    it "refuses commands that are none" do
      em do
        expect { EventMachine.system(nil) { nil } }.to raise_error(NoMethodError, /nil/)
        expect { EventMachine.system("echo", 1) { nil } }.to raise_error(TypeError, /Integer/)
        done
      end
      expect { EventMachine.system }.to raise_error(ArgumentError)
    end
  end

  describe EventMachine::DeferrableChildProcess do
    it "succeeds with the output" do
      em do
        process = described_class.open("echo hi")
        expect(process).to be_a(described_class).and be_a(EventMachine::Deferrable)
        process.callback { |output| (seen << output) && done }
      end
      expect(seen).to eq(["hi\n"])
    end

    it "takes an Array" do
      em { described_class.open(["printf", "%s,", "a b"]).callback { |output| (seen << output) && done } }
      expect(seen).to eq(["a b,"])
    end

    it "succeeds whatever the status" do
      em do
        process = described_class.open("false")
        process.callback { |output| (seen << output) && done }
        process.errback { (seen << :failed) && done }
      end
      expect(seen).to eq([""])
    end
  end

  describe EventMachine::SystemCmd do
    it "is a connection that needs no callback" do
      command = described_class.new(nil, nil)
      expect(command).to be_a(EventMachine::Connection)
      expect { command.receive_data("out") }.not_to raise_error
    end
  end
end
