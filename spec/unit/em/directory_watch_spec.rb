# frozen_string_literal: true

require "fileutils"
require "tmpdir"

RSpec.describe EventMachine::DirectoryWatch do
  around { |example| Dir.mktmpdir { |directory| (@directory = directory) && example.run } }

  let(:seen) { [] }

  def place(*names)
    File.join(@directory, *names)
  end

  def watch(recursive: false)
    EventMachine.watch_directory(@directory, recursive: recursive) do |event|
      seen << [event.type, event.name, event.from, event.directory?].compact
    end
  end

  # Makes changes, and returns what is told of them.
  def told(recursive: false)
    em do
      watch(recursive: recursive)
      yield
      File.write(place("last"), "")
      EventMachine.add_periodic_timer(0.002) { done if seen.any? { |_, name, _| name == "last" } }
    end
    seen.take_while { |_, name, _| name != "last" }
  end

  it "tells of entries that come, change, are renamed and go, and not of those there were" do
    File.write(place("old"), "")
    changes = told do
      File.write(place("new"), "")
      File.write(place("old"), "text")
      File.rename(place("old"), place("renamed"))
      File.delete(place("renamed"))
      Dir.mkdir(place("directory"))
      Dir.rmdir(place("directory"))
    end
    expect(changes).to eq([[:created, "new", false], [:modified, "old", false], [:moved, "renamed", "old", false],
                           [:deleted, "renamed", false], [:created, "directory", true],
                           [:deleted, "directory", true]])
  end

  it "tells what is moved in as created, and what is moved out as deleted, in order" do
    Dir.mktmpdir do |outside|
      File.write(File.join(outside, "in"), "")
      File.write(place("out"), "")
      changes = told do
        File.rename(File.join(outside, "in"), place("in"))
        File.rename(place("out"), File.join(outside, "out"))
        File.write(place("out"), "")
      end
      expect(changes).to eq([[:created, "in", false], [:deleted, "out", false], [:created, "out", false]])
    end
  end

  it "tells what comes back from a directory that was moved out" do
    Dir.mktmpdir do |outside|
      FileUtils.mkdir_p(place("left/below"))
      File.write(place("left/file"), "")
      changes = told(recursive: true) do
        File.rename(place("left"), File.join(outside, "left"))
        %w[below file].each { |name| File.rename(File.join(outside, "left", name), place(name)) }
      end
      expect(changes).to eq([[:deleted, "left", true], [:created, "below", true], [:created, "file", false]])
    end
  end

  it "does not look below, unless told to" do
    changes = told do
      FileUtils.mkdir_p(place("a/b"))
      File.write(place("a/file"), "")
    end
    expect(changes).to eq([[:created, "a", true]])
  end

  it "tells all that a new directory contains, once" do
    Dir.mktmpdir do |outside|
      FileUtils.mkdir_p(File.join(outside, "c/d"))
      File.write(File.join(outside, "c/d/file"), "")
      changes = told(recursive: true) do
        FileUtils.mkdir_p(place("a/b"))
        File.write(place("a/b/file"), "")
        File.rename(File.join(outside, "c"), place("a/b/c"))
      end
      names = %w[a a/b a/b/c a/b/c/d a/b/c/d/file a/b/file]
      expect(changes.map { |_, name, _| name }).to match_array(names)
      expect(changes.map(&:first).uniq).to eq([:created])
    end
  end

  it "follows directories that are renamed" do
    FileUtils.mkdir_p([place("a/b"), place("c")])
    changes = told(recursive: true) do
      File.rename(place("a"), place("c/d"))
      File.write(place("c/d/b/file"), "")
    end
    expect(changes).to eq([[:moved, "c/d", "a", true], [:created, "c/d/b/file", false]])
  end

  it "tells directories apart that change places before it can look" do
    em do
      watch(recursive: true)
      Dir.mkdir(place("a"))
      File.rename(place("a"), place("b"))
      Dir.mkdir(place("a"))
      EventMachine.add_timer(0.02) { %w[a/one b/two].each { |name| File.write(place(name), "") } }
      EventMachine.add_periodic_timer(0.002) { done if seen.size == 5 }
    end
    expect(seen.last(2)).to contain_exactly([:created, "a/one", false], [:created, "b/two", false])
  end

  it "ends when the directory goes" do
    em do
      watched = watch
      Dir.rmdir(@directory)
      EventMachine.add_periodic_timer(0.002) { done unless watched.active? }
    end
    expect(seen).to eq([[:deleted, ".", true]])
    Dir.mkdir(@directory)
  end

  it "ends when a directory above it is renamed, once it looks for what is below" do
    FileUtils.mkdir_p(place("above/watched"))
    em do
      watched = EventMachine.watch_directory(place("above/watched"), recursive: true) do |event|
        seen << [event.type, event.name]
      end
      File.rename(place("above"), place("away"))
      Dir.mkdir(place("away/watched/below"))
      EventMachine.add_periodic_timer(0.002) { done unless watched.active? }
    end
    expect(seen).to eq([[:created, "below"], [:deleted, "."]])
  end

  it "tells once of each directory that it cannot watch, and goes on" do
    FileUtils.mkdir_p(place("old"))
    allow(EventMachine).to receive(:add_inotify_watch).and_wrap_original do |add, inotify, path, mask|
      raise Errno::ENOSPC if path.start_with?("/proc")

      add.call(inotify, path, mask)
    end
    changes = told(recursive: true) { Dir.mkdir(place("new")) && File.write(place("file"), "") }
    expect(changes).to eq([[:overflow, "old", true], [:created, "new", true], [:overflow, "new", true],
                           [:created, "file", false]])
  end

  it "tells that something was lost, and what came and went meanwhile" do
    limit = Integer(File.read("/proc/sys/fs/inotify/max_queued_events", encoding: "UTF-8"))
    skip "a long queue" if limit > 40_000
    Dir.mkdir(place("a"))
    names = [place("x"), place("y")]
    File.write(names.first, "")
    changes = told(recursive: true) do
      (limit / 2 + 2).times do
        File.rename(*names)
        names.reverse!
      end
      Dir.rmdir(place("a"))
      FileUtils.mkdir_p(place("b/c"))
    end
    changes = (changes + seen).reject { |type, *| type == :moved }
    expect(changes).to include([:overflow, false], [:deleted, "a", true], [:created, "b", true],
                               [:created, "b/c", true])
  end

  it "keeps a list up to date, whatever is done at full speed", time_limit: 30 do
    random = Random.new(RSpec.configuration.seed)
    3.times do
      list = DirectoryList.new(@directory)
      em(20) do
        EventMachine.watch_directory(@directory, recursive: true) { |event| list.take(event) }
        work = proc do
          File.write(place("one"), "")
          # Whatever becomes of the others.
          File.rename(place("one"), place("other"))
          300.times { change(random) }
        end
        up_to_date = -> { EventMachine.add_periodic_timer(0.02) { done if list.entries == list.on_disk } }
        EventMachine.defer(work, ->(_) { up_to_date.call })
      end
      expect(list.events.map(&:type)).to include(:created, :moved)
    end
  end

  # Changes something, or fails to.
  def change(random)
    names = %w[a b c]
    path = -> { place(*Array.new(random.rand(1..3)) { names.sample(random: random) }) }
    case random.rand(8)
    when 0, 1 then FileUtils.mkdir_p(path.call)
    when 2, 3 then File.write(path.call, "")
    when 4 then FileUtils.rm_rf(path.call)
    when 5, 6 then File.rename(path.call, path.call)
    else Dir.mkdir(path.call)
    end
  rescue SystemCallError
    nil
  end

  it "goes on with what is left when the block raises" do
    em do
      EventMachine.error_handler { |error| seen << error.message }
      EventMachine.watch_directory(@directory) { |event| raise event.name }
      names = %w[a b c]
      names.each { |name| Dir.mkdir(place(name)) }
      EventMachine.add_periodic_timer(0.002) { done if seen.size == 3 }
    end
    expect(seen).to eq(%w[a b c])
  end

  it "is cancelled, with nothing left" do
    em do
      watched = watch
      expect(watched.path).to eq(@directory)
      Dir.mkdir(place("a"))
      expect([watched.cancel, watched.cancel]).to eq([true, false])
      EventMachine.add_timer(0.005) { done }
    end
    expect(seen).to be_empty
    expect(state(:@watches)).to be_empty
    expect(Dir.children("/proc/self/fd").count { |fd| link(fd).include?("inotify") }).to eq(0)
  end

  def link(descriptor)
    File.readlink("/proc/self/fd/#{descriptor}")
  rescue Errno::ENOENT
    ""
  end

  it "is waited for by a fiber" do
    in_fiber do
      watched = EventMachine.watch_directory(@directory)
      EventMachine.next_tick { Dir.mkdir(place("a")) }
      expect(watched.await(2).name).to eq("a")
    end
  end

  it "refuses what is no directory" do
    File.write(place("file"), "")
    em do
      expect { EventMachine.watch_directory(place("none")) }.to raise_error(Errno::ENOENT, /none/)
      expect { EventMachine.watch_directory(place("file")) }.to raise_error(Errno::ENOTDIR, /file/)
      expect { EventMachine.watch_directory("") }.to raise_error(Errno::ENOENT, /""/)
      expect(state(:@watches)).to be_empty
      done
    end
  end

  it "says so where directories cannot be watched" do
    allow(EventMachine).to receive(:open_inotify).and_raise(EventMachine::Unsupported, "watching directories")
    em do
      expect { EventMachine.watch_directory(@directory) }.to raise_error(EventMachine::Unsupported, /directories/)
      expect(state(:@watches)).to be_empty
      done
    end
  end

  it "needs a running reactor" do
    expect { EventMachine.watch_directory("/tmp") }.to raise_error(RuntimeError, /not initialized/)
  end
end
