# frozen_string_literal: true

# Compares this gem with Debian's ruby-eventmachine on epoll and with its rivals: CPU time and system calls
# for an operation, throughput, latency at a fixed rate, memory; all subjects in turn, several rounds. See
# docs/performance.md.
#
#   ruby bench/run.rb [--record FILE.json] [LINE…]
#
# ROUNDS tells how many rounds (5); SUBJECTS picks subjects besides the two gems (c,threads,nio4r,…); SCALE
# makes all of it shorter, to try it (0.1: a tenth of the operations); PYTHON names the interpreter that has
# uvloop.

require "etc"
require "json"
require "time"

require_relative "harness/lines"
require_relative "harness/rival"
require_relative "harness/descriptors"
require_relative "harness/machine"
require_relative "harness/progress"
require_relative "harness/run"

# Measures, shows and records.
class Suite
  def initialize(arguments)
    @file = arguments.slice!(arguments.index("--record"), 2).last if arguments.include?("--record")
    @lines = select(arguments).map { |line| line.scaled(Float(ENV.fetch("SCALE", "1"))) }
    @rounds = Integer(ENV.fetch("ROUNDS", "5"))
  end

  def run
    prepare
    results = @lines.filter_map { |line| measure(line) }
    @progress.summary
    record(results) if @file
    failed = @lines.map { |line| line.id.to_s } - results.map { |result| result["id"] }
    abort "not measured: #{failed.join(', ')}" if failed.any?
  end

  private

  def select(names)
    known = Bench.lines.to_h { |line| [line.id.to_s, line] }
    unknown = names - known.keys
    abort "no such line: #{unknown.join(', ')}; there are: #{known.keys.join(', ')}" if unknown.any?

    names.empty? ? known.values : known.slice(*names).values
  end

  def prepare
    Bench::Load.compile
    Bench.compile_bare_loop
    Bench::Descriptors.raise_limit
    @subjects = installed
    puts Bench::Machine.describe, ""
    @progress = Bench::Progress.new
    @progress.heading
  end

  # The two gems are a must; of the others, what is there.
  def installed
    @versions = {}
    wanted.select do |subject|
      version = subject.version
      puts "* #{subject.name}: #{version || 'not installed, left out'}"
      @versions[subject] = version
    end
  end

  def wanted
    others = [Bench::SELECT, *Bench::EVERY_RIVAL]
    names = ENV["SUBJECTS"]&.split(",")
    [Bench::OURS, Bench::PEER, *others.select { |other| names.nil? || names.include?(other.id.to_s) }]
  end

  def measure(line)
    started = Process.clock_gettime(Process::CLOCK_MONOTONIC)
    record = Bench::Run.new(line, @subjects, rounds: @rounds).record
    @progress.add(Bench::Result.new(record))
    record.merge("took" => Process.clock_gettime(Process::CLOCK_MONOTONIC) - started)
  rescue Bench::Failed => error
    warn "#{line.id}: #{error.message}"
  end

  def record(results)
    subjects = @subjects.map { |subject| { id: subject.id, name: subject.name, version: @versions[subject] } }
    all = { machine: Bench::Machine.describe, date: Time.now.utc.iso8601, rounds: @rounds, subjects: subjects,
            lines: results }
    File.write(@file, JSON.pretty_generate(all))
  end
end

$stdout.sync = true
Suite.new(ARGV).run
