# frozen_string_literal: true

# Signals, children and directories, more than a system has time to tell of one by one.
#
#   ruby watches.rb      SIGNALS=10000 CHILDREN=2000 FILES=100000

$LOAD_PATH.unshift(File.expand_path("../../lib", __dir__))
require "eventmachine"
require "fileutils"
require "rbconfig"
require "tmpdir"
require_relative "../support/directory_list"

# What each of them shares.
module Watches
  RUBY = [RbConfig.ruby, "--disable=gems"].freeze

  module_function

  # Runs a loop within a limit of time; nothing is to be left of it.
  def run(name, limit: 120)
    before = descriptors
    start = Process.clock_gettime(Process::CLOCK_MONOTONIC)
    EventMachine.run(until_idle: true) do
      EventMachine.unref(EventMachine.add_timer(limit) { abort "#{name}: not done in #{limit} s" })
      yield
    end
    left = EventMachine.instance_variable_get(:@watches).size + descriptors - before
    abort "#{name}: #{left} watches or descriptors are left" if left.positive?
    format("%<name>s: %<seconds>.1f s", name: name, seconds: Process.clock_gettime(Process::CLOCK_MONOTONIC) - start)
  end

  def descriptors
    GC.start
    Dir.children("/proc/self/fd").size
  end

  def count(name, default)
    Integer(ENV.fetch(name, default))
  end
end

# Another process sends signals as fast as it can, each after a number in a file. The system makes one of many, but
# after the last number there is a signal, and all watches are called alike.
module Signals
  PROGRAM = <<~'RUBY'
    number = File.open(ARGV[0], "w")
    (1..Integer(ARGV[1])).each { |n| number.pwrite("%08d" % n, 0) && Process.kill("USR1", Process.ppid) }
  RUBY

  def self.run(count)
    calls = [0, 0]
    last = nil
    path = File.join(Dir.mktmpdir("signals"), "number")
    told = Watches.run("#{count} signals") do
      watches = calls.each_index.map do |index|
        EventMachine.on_signal("USR1") { (calls[index] += 1) && last = Integer(File.read(path, encoding: "UTF-8"), 10) }
      end
      EventMachine.spawn(*Watches::RUBY, "-e", PROGRAM, path, count.to_s) do
        EventMachine.add_timer(0.1) { watches.each(&:cancel) }
      end
    end
    abort "signals: #{calls} calls, the last at #{last}" if calls.uniq.size > 1 || last != count
    puts "#{told}, #{calls.first} calls"
  ensure
    FileUtils.rm_r(File.dirname(path))
  end
end

# Children end at once. Every fifth is the application's, which reaps it by itself.
module Children
  def self.run(count)
    statuses = []
    reaped = []
    told = Watches.run("#{count} children") do
      reader, writer = IO.pipe
      pids = Array.new(count) { |index| Process.spawn("read line; exit #{index % 200}", in: reader) }
      pids.each_with_index do |pid, index|
        next EventMachine.watch_child(pid) { |status| statuses << [index, status] } unless (index % 5).zero?

        EventMachine.defer(-> { Process.wait2(pid).last }, ->(status) { reaped << [index, status] })
      end
      [reader, writer].each(&:close)
    end
    wrong = (statuses + reaped).reject { |index, status| status && status.exitstatus == index % 200 }
    abort "children: #{wrong.inspect}" if wrong.any? || statuses.size + reaped.size != count
    puts "#{told}, #{reaped.size} of them reaped by others"
  end
end

# Files are made, moved and deleted by other processes. A list that is kept by what is told has what is on the disk.
module Directories
  MAKE = <<~'RUBY'
    Integer(ARGV[0]).times do |n|
      path = [n % 7, n % 11, n].join("/")
      File.write(path, "")
    rescue Errno::ENOENT
      [path[/\d+/], File.dirname(path)].each { |directory| Dir.mkdir(directory) unless File.exist?(directory) }
      retry
    end
  RUBY
  SWAP = <<~'RUBY'
    2000.times do |n|
      one, other = [n % 7, (n + 3) % 7].map(&:to_s)
      File.rename(one, "x")
      File.rename(other, one)
      File.rename("x", other)
    end
  RUBY

  def self.run(count)
    Dir.mktmpdir("directories") do |directory|
      list = DirectoryList.new(directory)
      { "#{count} files" => [*Watches::RUBY, "-e", MAKE, count.to_s], "2000 swaps" => [*Watches::RUBY, "-e", SWAP],
        "rm -rf" => ["sh", "-c", "rm -rf *"] }.each do |name, command|
        puts watch(directory, list, name, command)
      end
    end
  end

  def self.watch(directory, list, name, command)
    overflows = 0
    told = Watches.run(name) do
      watch = EventMachine.watch_directory(directory, recursive: true) do |event|
        overflows += 1 if event.type == :overflow
        list.take(event)
      end
      EventMachine.spawn(*command, chdir: directory) { |status| finish(watch, status, list) }
    end
    abort "#{name}: the list is not what is on the disk" unless list.entries == list.on_disk
    "#{told}, #{list.events.size} events so far, #{overflows} overflows"
  end

  # Ends the watch when nothing was told for a while.
  def self.finish(watch, status, list)
    abort status.to_s unless status.success?
    seen = nil
    timer = EventMachine.add_periodic_timer(0.5) do
      next seen = list.events.size unless seen == list.events.size

      [watch, timer].each(&:cancel)
    end
  end
end

Process.setrlimit(:NOFILE, Process.getrlimit(:NOFILE).last)
Signals.run(Watches.count("SIGNALS", 10_000))
Children.run(Watches.count("CHILDREN", 2000))
Directories.run(Watches.count("FILES", 100_000))
