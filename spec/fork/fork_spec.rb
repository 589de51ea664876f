# frozen_string_literal: true

require "tempfile"

RSpec.describe "Forking" do
  close_on_exec = 0o2000000 # O_CLOEXEC

  # Runs the block in a forked child and returns what it writes.
  def in_child
    reader, writer = IO.pipe
    child = fork do
      reader.close
      yield writer
    ensure
      writer.close
      exit!(0)
    end
    writer.close
    reader.read
  ensure
    reader.close
    Process.wait(child)
  end

  let(:echo) do
    Module.new do
      def receive_data(data)
        send_data(data)
      end
    end
  end

  it "lets a child run a loop of its own after the parent's has ended" do
    em { done }
    expect(in_child { |out| em { EventMachine.add_timer(0.01) { out.write("ran") && done } } }).to eq("ran")
  end

  it "leaves the parent's next loop alone, though a child holds the connections of the last" do
    held, release = IO.pipe
    child = nil
    port = free_port
    talk = lambda do |stop|
      em do
        EventMachine.start_server("127.0.0.1", port, echo)
        EventMachine.connect("127.0.0.1", port, echo) { |client| client.send_data("x") }
        EventMachine.add_timer(0.02) { stop.call && done }
      end
    end
    talk.call(-> { child = fork { release.close && held.read && exit!(0) } })
    port = free_port
    2.times { expect { talk.call(-> { true }) }.not_to raise_error }
  ensure
    release.close
    Process.wait(child)
  end

  it "gives the child of fork_reactor a clean loop" do
    reader, writer = IO.pipe
    em do
      EventMachine.start_server("127.0.0.1", free_port, echo)
      child = EventMachine.fork_reactor do
        writer.write("connections: #{EventMachine.connection_count}")
        EventMachine.stop
      end
      EventMachine.defer(-> { Process.wait(child) }, ->(_) { done })
    end
    writer.close
    expect(reader.read).to eq("connections: 0")
  ensure
    reader.close
  end

  it "leaves the parent's connections alone when the child of fork_reactor ends" do
    port = free_port
    received = +""
    em do
      EventMachine.start_server("127.0.0.1", port, echo)
      child = EventMachine.fork_reactor { EventMachine.stop }
      EventMachine.defer(-> { Process.wait(child) }, lambda do |_|
        client = Module.new do
          define_method(:receive_data) { |data| received << data and EventMachine.stop }
        end
        EventMachine.connect("127.0.0.1", port, client) { |connection| connection.send_data("still here") }
      end)
    end
    expect(received).to eq("still here")
  end

  it "leaves an established connection of the parent alone when a plain fork ends" do
    port = free_port
    received = +""
    em do
      EventMachine.start_server("127.0.0.1", port, echo)
      client = Module.new do
        define_method(:connection_completed) do
          Process.wait(fork { exit!(0) })
          send_data("after fork")
        end
        define_method(:receive_data) { |data| received << data and EventMachine.stop }
      end
      EventMachine.connect("127.0.0.1", port, client)
    end
    expect(received).to eq("after fork")
  end

  {
    "has a descriptor not watched" => "pipe.notify_readable = false",
    "ends the watch of a file" => "file.stop_watching",
    "watches and opens others" => 'EventMachine.watch_file("/"); EventMachine.connect("127.0.0.1", 9)'
  }.each do |change, code|
    it "leaves the parent's loop alone when a child #{change} before it takes a turn" do
      output, status = run_ruby(<<~RUBY)
        require "tempfile"
        Seen = []
        module Watching
          def notify_readable = (Seen << :pipe) && detach
          def file_modified = Seen << (File.empty?(path) ? :early : :file)
        end
        Tempfile.create do |written|
          reader, writer = IO.pipe
          EventMachine.run do
            pipe = EventMachine.watch(reader, Watching) { |watch| watch.notify_readable = true }
            file = EventMachine.watch_file(written.path, Watching)
            EventMachine.next_tick do
              Process.wait(fork { (#{code}) && exit!(0) })
              EventMachine.add_timer(0.01) { [writer, written].each { |io| io.write("x") && io.flush } }
              EventMachine.add_periodic_timer(0.002) { EventMachine.stop if (%i[file pipe] - Seen).empty? }
            end
          end
        end
        puts Seen.uniq.sort
      RUBY
      expect([output, status.success?]).to eq(["file\npipe\n", true])
    end
  end

  it "does not wake the parent's loop for what a child opened before it took a turn, and has closed" do
    output, status = run_ruby(<<~'RUBY')
      server = TCPServer.new("127.0.0.1", 0)
      EventMachine.run do
        EventMachine.next_tick do
          child = fork
          unless child
            EventMachine.connect("127.0.0.1", server.addr[1])
            EventMachine.watch_file(RbConfig.ruby)
            next EventMachine.add_timer(0.01) { EventMachine.stop }
          end
          EventMachine.watch_child(child) do
            before = EventMachine.iteration
            EventMachine.add_timer(0.05) { puts(EventMachine.iteration - before < 50) || EventMachine.stop }
          end
        end
      end
    RUBY
    expect([output, status.success?]).to eq(["true\n", true])
  end

  it "goes on in the child of Process.daemon, helper threads included" do
    reader, writer = IO.pipe
    script = <<~RUBY
      out = IO.for_fd(#{writer.fileno})
      out.sync = true
      EventMachine.run do
        EventMachine.defer(-> { :before }, lambda do |_|
          Process.daemon(true)
          out.puts(Process.pid)
          EventMachine.add_timer(0.01) do
            EventMachine.defer(-> { "deferred" }, ->(value) { out.puts(value); EventMachine.stop })
          end
        end)
      end
    RUBY
    Process.wait(spawn_with(writer, script))
    writer.close
    daemon = Integer(reader.gets)
    expect(reader.wait_readable(5) && reader.gets).to eq("deferred\n")
  ensure
    end_process(daemon) if daemon
    reader.close
  end

  def spawn_with(writer, script)
    Process.spawn(RbConfig.ruby, "-I", ProcessHelper::LIBRARY, "-r", "eventmachine", "-e", script,
                  writer.fileno => writer.fileno)
  end

  def end_process(id)
    Process.kill(:KILL, id)
  rescue Errno::ESRCH
    nil
  end

  # The kernel prints them in octal.
  def open_flags(number)
    flags = File.read("/proc/self/fdinfo/#{number}", encoding: "UTF-8")[/^flags:\s+(\d+)/, 1]
    flags.to_i(8)
  end

  it "marks its descriptors close-on-exec" do
    em do
      EventMachine.start_server("127.0.0.1", free_port, echo)
      sockets = descriptors.select { |_, target| target.match?(/\A(socket|anon_inode)/) }.keys
      inherited = sockets.reject { |number| (open_flags(number) & close_on_exec).positive? }
      expect(inherited).to be_empty
      done
    end
  end

  describe "with watches" do
    watched = <<~'RUBY'
      $stdout.sync = true
      def watch
        EventMachine.on_signal("TERM") { puts("TERM") || EventMachine.stop }
        EventMachine.every(0.01) { |time| $time = time }
        EventMachine.on_fork { puts "forked" }
      end
    RUBY

    it "has what on_fork raises leave fork, in the child only" do
      output, status = run_ruby(<<~'RUBY')
        $stdout.sync = true
        EventMachine.run do
          EventMachine.on_fork { raise "no" }
          EventMachine.on_fork { puts "not called" }
          begin
            child = fork
          rescue RuntimeError => error
            puts error.message
            exit!(7)
          end
          EventMachine.watch_child(child) { |status| puts(status.exitstatus) || EventMachine.stop }
        end
      RUBY
      expect([output, status.success?]).to eq(["no\n7\n", true])
    end

    it "lets a child that does other things have the former handlers" do
      output, status = run_ruby(<<~RUBY)
        #{watched}
        EventMachine.run do
          watch
          child = fork { sleep }
          Process.kill(:TERM, child)
          EventMachine.watch_child(child) { |status| puts(status.termsig) || EventMachine.stop }
        end
      RUBY
      expect(status).to be_success
      # The signal may be there first.
      expect(output.delete_prefix("forked\n")).to eq("15\n")
    end

    it "leaves none to the loop of a child's own, and all to the parent" do
      output, status = run_ruby(<<~RUBY)
        #{watched}
        EventMachine.run do
          watch
          child = EventMachine.fork_reactor do
            puts EventMachine.instance_variable_get(:@watches).size
            EventMachine.stop
          end
          EventMachine.watch_child(child) do
            $time = nil
            EventMachine.add_periodic_timer(0.01) { $time && Process.kill(:TERM, Process.pid) }
          end
        end
      RUBY
      expect([output, status.success?]).to eq(["forked\n0\nTERM\n", true])
    end

    it "tells both the time, where both go on with the loop" do
      output, status = run_ruby(<<~'RUBY')
        $stdout.sync = true
        EventMachine.run do
          child = nil
          EventMachine.next_tick do
            # The loop takes no turn until there are two of them.
            EventMachine.at(Time.now + 0.02) { puts(child ? "parent" : "child") || EventMachine.stop }
            child = fork
            sleep 0.05
            Process.wait(child) if child
          end
        end
      RUBY
      expect([output, status.success?]).to eq(["child\nparent\n", true])
    end

    it "tells both of a directory, where both go on with the loop" do
      output, status = run_ruby(<<~'RUBY')
        require "tmpdir"
        $stdout.sync = true
        Dir.mktmpdir do |directory|
          EventMachine.run do
            names = []
            EventMachine.watch_directory(directory, recursive: true) { |event| names |= [event.name].compact }
            Dir.mkdir(File.join(directory, "below"))
            EventMachine.next_tick do
              child = fork
              File.write(File.join(directory, "below", child ? "parent" : "child"), "")
              timer = EventMachine.add_periodic_timer(0.002) do
                next unless (%w[below/parent below/child] - names).empty?

                exit!(7) unless child
                timer.cancel
                EventMachine.watch_child(child) { |status| puts(status.exitstatus) || EventMachine.stop }
              end
            end
          end
        end
      RUBY
      expect([output, status.success?]).to eq(["7\n", true])
    end

    it "tells both of a file, where both go on with the loop" do
      output, status = run_ruby(<<~'RUBY')
        require "tmpdir"
        $stdout.sync = true
        Seen = []
        module Handler
          def file_created = Seen << :created
          def file_modified = Seen << File.read(path, encoding: "UTF-8")
        end
        Dir.mktmpdir do |directory|
          files = %w[there awaited].map { |name| File.join(directory, name) }
          File.write(files.first, "")
          EventMachine.run do
            files.each { |file| EventMachine.watch_file(file, Handler) }
            EventMachine.next_tick do
              reader, writer = IO.pipe
              child = fork
              # Each writes once the other has seen what it wrote before.
              turn = child ? "parent" : "child"
              writer.write("x") if child
              step = 0
              timer = EventMachine.add_periodic_timer(0.002) do
                case step
                when 0 then child ? File.write(files.last, "") : reader.read(1)
                when 1 then next unless Seen.include?(:created)
                when 2 then File.write(files.first, turn, mode: "a")
                when 3 then next unless Seen.any? { |text| text.to_s.include?("parent") && text.to_s.include?("child") }
                when 4
                  exit!(7) unless child
                  timer.cancel
                  EventMachine.watch_child(child) { |status| puts(status.exitstatus) || EventMachine.stop }
                end
                step += 1
              end
            end
          end
        end
      RUBY
      expect([output, status.success?]).to eq(["7\n", true])
    end

    it "has a file that may have changed meanwhile count as modified in the child, but not after Process.daemon" do
      Tempfile.create do |file|
        ["exit!(0) unless fork.nil?", "Process.daemon(true, true)"].each do |daemonize|
          _, status = run_ruby(<<~RUBY, file.path)
            $stdout.reopen(ARGV.first, "a")
            $stdout.sync = true
            module Handler
              def file_modified = puts("modified")
            end
            EventMachine.run do
              EventMachine.watch_file("/proc/self/exe", Handler)
              EventMachine.next_tick do
                #{daemonize}
                EventMachine.add_timer(0.01) { puts("end") || EventMachine.stop }
              end
            end
          RUBY
          expect(status).to be_success
          wait_until { File.read(file.path, encoding: "UTF-8").end_with?("end\n") }
        end
        expect(File.read(file.path, encoding: "UTF-8")).to eq("modified\nend\nend\n")
      end
    end

    {
      "that goes on with the loop" => "exit!(0) if fork",
      "that Process.daemon makes" => "Process.daemon(true, true)"
    }.each do |name, daemonize|
      it "are those of a child #{name}" do
        Tempfile.create do |file|
          _, status = run_ruby(<<~RUBY, file.path)
            $stdout.reopen(ARGV.first)
            #{watched}
            EventMachine.run do
              watch
              EventMachine.next_tick do
                #{daemonize}
                $time = nil
                EventMachine.add_periodic_timer(0.01) { $time && Process.kill(:TERM, Process.pid) }
              end
            end
            puts "end"
          RUBY
          wait_until { File.read(file.path, encoding: "UTF-8").end_with?("end\n") }
          expect(status).to be_success
          expect(File.read(file.path, encoding: "UTF-8").delete_prefix("forked\n")).to eq("TERM\nend\n")
        end
      end
    end
  end
end
