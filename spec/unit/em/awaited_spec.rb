# frozen_string_literal: true

require "tmpdir"

# Fibers that wait for what is no {EventMachine::Watch}.
RSpec.describe "Waiting in a fiber for" do
  let(:seen) { [] }

  def cancelled
    raise_error(EventMachine::Failed, /cancelled/)
  end

  describe "a timer" do
    it "is over when it has called, and any time later" do
      in_fiber do
        timer = EventMachine::Timer.new(0.002) { seen << :called }
        expect([timer.await, timer.await]).to eq([nil, nil])
        expect(EventMachine::Timer.new(0.002).await(5)).to be_nil
      end
      expect(seen).to eq([:called])
    end

    it "goes by what it is restarted with" do
      in_fiber do
        timer = EventMachine::Timer.new(60) { seen << :called }
        EventMachine.next_tick { timer.restart(0.002) }
        timer.await
        EventMachine.next_tick { timer.cancel }
        expect { timer.restart(60).await }.to cancelled
        expect { timer.await }.to cancelled
        timer.restart(0.002).await
      end
      expect(seen).to eq(%i[called called])
    end

    it "is over though it raises, and leaves the timer alone when it takes too long" do
      in_fiber do
        timer = EventMachine::Timer.new(0.01) { (seen << :called) && raise("no") }
        expect { timer.await(0) }.to raise_error(Timeout::Error)
        EventMachine.error_handler { |error| seen << error.message }
        timer.await
      end
      expect(seen).to eq([:called, "no"])
    end
  end

  describe "a periodic timer" do
    it "is over with its next call" do
      in_fiber do
        timer = EventMachine::PeriodicTimer.new(0.002) { seen << :called }
        2.times { timer.await }
        expect(seen).to eq(%i[called called])
        EventMachine.next_tick { timer.cancel }
        expect { timer.restart(60).await }.to cancelled
        expect { timer.await }.to cancelled
      end
    end

    it "is over when its call cancels it" do
      in_fiber do
        timer = EventMachine::PeriodicTimer.new(0.002) { timer.cancel }
        expect(timer.await).to be_nil
      end
    end
  end

  describe "a file" do
    around { |example| Dir.mktmpdir { |directory| (@directory = directory) && example.run } }

    # @return [EventMachine::FileWatch] whose class calls no method of its superclass
    def watch(name = "file")
      told = seen
      handler = Class.new(EventMachine::FileWatch) do
        define_method(:receive_data) { |data| told << data }
        define_method(:file_created) { told << :created }
      end
      EventMachine.watch_file(File.join(@directory, name), handler)
    end

    it "tells what happens, beside the handler" do
      in_fiber do
        file = watch
        changes = [-> { File.write(file.path, "") }, -> { File.write(file.path, "text") },
                   -> { File.chmod(0o600, file.path) }, -> { File.delete(file.path) }]
        told = changes.map { |change| EventMachine.next_tick(change) || file.await(5) }
        expect(told).to eq(%i[created modified attributes_changed deleted])
      end
      expect(seen).to eq([:created, "modified", "deleted"])
    end

    it "is over when its own post_init cancels it" do
      told = seen
      handler = Class.new(EventMachine::FileWatch) do
        define_method(:post_init) { told << active? << cancel << cancel << active? }
        define_method(:file_modified) { told << :modified }
        define_method(:unbind) { told << :unbind }
      end
      in_fiber do
        File.write(path = File.join(@directory, "file"), "")
        file = EventMachine.watch_file(path, handler) { |watch| told << watch.active? }
        File.write(path, "text")
        expect { file.await }.to cancelled
        EventMachine.fiber { sleep 0 }.await
      end
      expect(seen).to eq([true, true, false, false, :unbind, false])
    end

    it "is over when it is cancelled" do
      in_fiber do
        File.write(File.join(@directory, "file"), "")
        file = watch
        EventMachine.next_tick { seen << file.active? << file.cancel << file.cancel << file.active? }
        expect { file.await }.to cancelled
        expect { file.await }.to cancelled
      end
      expect(seen).to eq([true, true, false, false])
    end

    it "is over when something else ends it, whatever its unbind takes" do
      reasons = []
      kinds = [Module.new, Module.new { define_method(:unbind) { reasons << :none } },
               Module.new { define_method(:unbind) { |reason| reasons << reason } },
               Module.new { define_method(:unbind) { |reason = :none| reasons << reason } }]
      in_fiber do
        kinds.each do |kind|
          file = EventMachine.watch_file(@directory, kind)
          2.times { EventMachine.fiber { expect { file.await }.to cancelled } }
          EventMachine.next_tick { EventMachine.unwatch_filename(file.signature) }
          expect { file.await }.to cancelled
          expect { file.await }.to cancelled
        end
        EventMachine.fiber { sleep 0 }.await
      end
      expect(reasons).to eq([:none, nil, nil])
    end

    it "is over from what tells of its end on" do
      directory = @directory
      handler = Module.new do
        define_method(:file_deleted) { EventMachine.fiber { directory << [active?, cancel, await].inspect } }
      end
      path = File.join(@directory, "file")
      File.write(path, "")
      in_fiber do
        file = EventMachine.watch_file(path, handler)
        EventMachine.next_tick { File.delete(path) }
        expect(file.await).to eq(:deleted)
        EventMachine.fiber { sleep 0 }.await
      end
      expect(directory).to end_with("[false, false, :deleted]")
    end

    it "tells at once of one that was deleted" do
      in_fiber do
        File.write(File.join(@directory, "file"), "")
        file = EventMachine.watch_file(File.join(@directory, "file"))
        EventMachine.next_tick { File.delete(file.path) }
        expect([file.await, file.await]).to eq(%i[deleted deleted])
      end
    end
  end

  describe "a process" do
    it "tells when it has exited, and any time later" do
      in_fiber do
        process = EventMachine.watch_process(Process.spawn("true"))
        expect([process.await, process.await, process.cancel]).to eq([:exited, :exited, false])
        expect(process.get_status).to be_success
      end
    end

    it "is over when something else ends it" do
      in_fiber do
        process = EventMachine.watch_process(Process.pid)
        EventMachine.next_tick { process.close_connection }
        expect { process.await }.to cancelled
      end
    end

    it "is over when its own post_init cancels it" do
      handler = Class.new(EventMachine::ProcessWatch) { define_method(:post_init) { cancel } }
      in_fiber do
        process = EventMachine.watch_process(Process.pid, handler)
        expect { process.await }.to cancelled
        expect([process.active?, process.cancel]).to eq([false, false])
      end
    end

    it "is over when it is cancelled" do
      in_fiber do
        process = EventMachine.watch_process(Process.pid)
        EventMachine.next_tick { seen << process.cancel << process.cancel << process.active? }
        expect { process.await }.to cancelled
      end
      expect(seen).to eq([true, false, false])
    end
  end
end
