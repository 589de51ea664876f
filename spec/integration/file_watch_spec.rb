# frozen_string_literal: true

require "fileutils"
require "tmpdir"

RSpec.describe "Watched files" do
  around do |example|
    Dir.mktmpdir("em-watch") do |directory|
      @directory = directory
      example.run
    end
  end

  let(:path) { File.join(@directory, "file").tap { |path| File.write(path, "old") } }
  let(:log) { [] }

  # Records the events of a watch, and calls the block of that name.
  def recorder(name = nil, **acts)
    entries = log
    Module.new do
      tell = ->(event) { entries << [name, event].compact }
      { file_modified: :modified, file_moved: :moved, file_deleted: :deleted }.each do |method, event|
        define_method(method) { tell.call(event) && acts[event]&.call(self) }
      end
      define_method(:unbind) { |reason| tell.call(:unbind) && acts[:unbind]&.call(self, reason) }
    end
  end

  def events
    log.map(&:last)
  end

  def later(seconds = 0.15, &block)
    EventMachine.add_timer(seconds, &block)
  end

  # Calls the block once the log has all of these.
  def when_told(*entries, &block)
    return block.call if (entries - log).empty?

    later(0.005) { when_told(*entries, &block) }
  end

  it "tells of modifications, then of the deletion, then that it has ended" do
    reasons = []
    ended = lambda do |_, reason|
      reasons << reason
      done
    end
    em do
      watch = EventMachine.watch_file(path, recorder(modified: ->(_) { FileUtils.rm_f(path) }, unbind: ended))
      expect(watch).to be_a(EventMachine::FileWatch)
      expect(watch.path).to eq(path)
      File.write(path, "new")
    end
    expect(events.uniq).to eq(%i[modified deleted unbind])
    expect(reasons).to eq([nil])
  end

  it "hands the words to receive_data" do
    entries = log
    handler = Module.new do
      define_method(:receive_data) { |data| (entries << data) && EventMachine.stop }
    end
    em do
      EventMachine.watch_file(path, handler)
      File.write(path, "new")
    end
    expect(log.first).to eq("modified")
    expect(log.first.encoding).to eq(Encoding::BINARY)
  end

  it "is no connection" do
    em do
      watch = EventMachine.watch_file(path, recorder)
      expect(EventMachine.connection_count).to eq(0)
      expect(state(:@conns)).to eq(watch.signature => watch)
      expect(watch.send_data("x")).to eq(-1)
      expect(watch.get_outbound_data_size).to eq(0)
      done
    end
    expect(events).to eq([:unbind])
  end

  it "takes a file that is renamed over the watched one for a modification, and goes on with it" do
    em do
      EventMachine.watch_file(path, recorder)
      File.write("#{path}.new", "new")
      File.rename("#{path}.new", path)
      when_told([:modified]) do
        expect(events.uniq).to eq([:modified])
        log.clear
        File.write(path, "newer")
        when_told([:modified]) { done }
      end
    end
    expect(events.uniq).to eq(%i[modified unbind])
  end

  it "takes a file that is deleted and made anew for modified, and goes on with it" do
    em do
      EventMachine.watch_file(path, recorder)
      File.unlink(path)
      EventMachine.next_tick { File.write(path, "new") }
      when_told([:modified]) do
        expect(events.uniq).to eq([:modified])
        File.unlink(path)
        when_told([:deleted]) { done }
      end
    end
    expect(events.uniq).to eq(%i[modified deleted unbind])
  end

  it "tells of a log that is rotated that it has moved, and goes on with the new one" do
    made = File.join(@directory, "file")
    writing = -> { later { File.write(made, "more") } }
    twice = ->(*) { log.count([:modified]) == 1 ? writing.call : done }
    em do
      EventMachine.watch_file(path, recorder(modified: twice))
      File.rename(path, "#{path}.1")
      File.write(made, "")
    end
    expect(events.first(3)).to eq(%i[moved modified modified])
  end

  it "goes on with a file that is moved" do
    moved = "#{path}.moved"
    em do
      moving = ->(_) { File.write(moved, "new") }
      modifying = ->(_) { FileUtils.rm_f(moved) }
      EventMachine.watch_file(path, recorder(moved: moving, modified: modifying, unbind: ->(*) { done }))
      File.rename(path, moved)
    end
    expect(events.uniq).to eq(%i[moved modified deleted unbind])
  end

  it "watches directories" do
    em do
      EventMachine.watch_file(@directory, recorder(modified: ->(_) { done }))
      File.write(File.join(@directory, "entry"), "")
    end
    expect(events.uniq).to eq(%i[modified unbind])
  end

  it "is not bothered by reading, nor by a change of permissions" do
    em do
      EventMachine.watch_file(path, recorder)
      File.read(path, encoding: "UTF-8")
      File.chmod(0o600, path)
      later { done }
    end
    expect(events).to eq([:unbind])
  end

  it "watches one file as often as it is asked to" do
    em do
      first = EventMachine.watch_file(path, recorder(1))
      EventMachine.watch_file(path, recorder(2))
      File.write(path, "new")
      when_told([1, :modified], [2, :modified]) do
        expect(log.uniq).to contain_exactly([1, :modified], [2, :modified])
        log.clear
        first.stop_watching
        expect(log).to eq([[1, :unbind]])
        File.write(path, "newer")
        when_told([2, :modified]) { done }
      end
    end
    expect(log.uniq).to eq([[1, :unbind], [2, :modified], [2, :unbind]])
  end

  it "ends by stop_watching, once" do
    em do
      watch = EventMachine.watch_file(path, recorder)
      expect(watch.stop_watching).to be_nil
      expect(events).to eq([:unbind])
      expect { watch.stop_watching }.to raise_error(EventMachine::InvalidSignature, /#{watch.signature}/)
      File.write(path, "new")
      later(0.05) { done }
    end
    expect(events).to eq([:unbind])
  end

  it "may be ended in its own callbacks" do
    em do
      stopping = ->(watch) { watch.stop_watching }
      EventMachine.watch_file(path, recorder(deleted: stopping, unbind: ->(*) { later { done } }))
      File.unlink(path)
    end
    expect(events).to eq(%i[deleted unbind])
  end

  it "refuses what is not there, by name and with the reason" do
    missing = "#{path}.missing"
    em do
      expect { EventMachine.watch_file(missing) }.to raise_error(
        EventMachine::Unsupported, "error registering file #{missing} for watching: #{Errno::ENOENT.new.message}"
      )
      expect { EventMachine.watch_file(nil) }.to raise_error(TypeError)
      expect { EventMachine.watch_file("a\0b") }.to raise_error(ArgumentError)
      expect { EventMachine.unwatch_filename(9999) }.to raise_error(EventMachine::InvalidSignature, /9999/)
      expect(state(:@conns)).to be_empty
      done
    end
    expect { EventMachine.watch_file(path) }.to raise_error(RuntimeError, /not initialized/)
  end

  it "tells of the last of ten thousand changes" do
    File.write(path, "")
    script = "File.open(ARGV[0], 'a') { |file| 10_000.times { file.syswrite('x') } }"
    writer = nil
    em do
      EventMachine.watch_file(path, recorder(modified: ->(_) { done if File.size(path) == 10_000 }))
      writer = Process.spawn(RbConfig.ruby, "-e", script, path)
    end
    Process.wait(writer)
    expect(log.count([:modified])).to be_between(1, 10_000)
  end

  it "leaves no descriptor behind" do
    path
    expect do
      em do
        EventMachine.watch_file(path, recorder)
        done
      end
    end.not_to leak_descriptors
  end

  it "goes on with the others when a callback raises" do
    errors = []
    EventMachine.error_handler { |error| errors << error.message }
    em do
      EventMachine.watch_file(path, recorder(1, modified: ->(_) { raise "failed" }))
      EventMachine.watch_file(path, recorder(2, modified: ->(_) { done }))
      File.write(path, "new")
    end
    expect(errors.uniq).to eq(["failed"])
    expect(log).to include([2, :modified])
  end

  describe "that are not there yet" do
    let(:missing) { File.join(@directory, "missing") }

    it "are told of when they are, by a handler that asks for it" do
      entries = log
      acts = { file_created: -> { File.write(missing, "text") }, file_modified: -> { FileUtils.rm_f(missing) },
               file_deleted: -> {} }
      handler = Module.new do
        acts.each { |name, act| define_method(name) { (entries << name) && act.call } }
        define_method(:unbind) { EventMachine.stop }
      end
      em do
        EventMachine.watch_file(missing, handler)
        File.write(missing, "")
      end
      expect(log.uniq).to eq(%i[file_created file_modified file_deleted])
    end

    it "are refused without" do
      em do
        expect { EventMachine.watch_file(missing, recorder) }.to raise_error(EventMachine::Unsupported, /missing/)
        expect { EventMachine.watch_file(missing) }.to raise_error(EventMachine::Unsupported, /missing/)
        done
      end
    end

    it "are refused without a directory" do
      handler = Module.new { define_method(:file_created) { nil } }
      em do
        expect { EventMachine.watch_file(File.join(missing, "file"), handler) }
          .to raise_error(EventMachine::Unsupported, %r{missing/file})
        done
      end
    end
  end

  it "tell of their attributes, but not to receive_data" do
    entries = log
    handler = Module.new do
      define_method(:receive_data) { |data| entries << data }
      define_method(:file_attributes_changed) { (entries << :attributes) && EventMachine.stop }
    end
    em do
      EventMachine.watch_file(path, handler)
      File.chmod(0o600, path)
    end
    expect(log).to eq([:attributes])
  end
end
