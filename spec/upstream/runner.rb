# frozen_string_literal: true

# Runs upstream's own tests and compares what each of them does with ledger.yml: first on Debian's gem, which
# proves the runner, then on this one. Further arguments pick test files: `runner.rb test_basic.rb`.
#
#   --ours, --upstream   run on one of the two only
#   --fibers             run on this gem only, each of its loops with a scheduler of fibers
#   --list               print every test's result as an entry for the ledger instead of judging it
#   --log FILE           where the tests' own output goes

require "optparse"
require "rbconfig"
require "tempfile"

require_relative "ledger"
require_relative "report"
require_relative "sandbox"
require_relative "source"
require_relative "test_file"

module Upstream
  class Runner
    LIBRARY = File.expand_path("../../lib", __dir__)
    SCHEDULER = File.join(__dir__, "with_scheduler.rb")
    LEDGER = File.join(__dir__, "ledger.yml")
    SANDBOXED = "EM_UPSTREAM_SANDBOXED"
    # Tests that depend on time may fail on a busy machine.
    TIMED = /setup_timeout|add_timer|add_periodic_timer|Timer\.new|assert_in_delta|sleep|timeout/

    NAMES = { upstream: "Debian's gem", ours: "this gem" }.freeze

    def initialize(arguments)
      @arguments = arguments.dup
      @subjects = NAMES.keys
      @files = parse(arguments)
      @ledger = Ledger.load(LEDGER)
    end

    # @return [Boolean] whether everything was as the ledger says
    def run
      directory = Source.directory
      return sandboxed_run(directory) unless ENV.key?(SANDBOXED)

      @directory = directory
      puts "no namespaces to be had: tests that want a network count as omitted" unless sandboxed?
      @subjects.map { |subject| run_on(subject) }.all?
    end

    private

    def parse(arguments)
      parser = OptionParser.new
      parser.on("--ours") { @subjects = [:ours] }
      parser.on("--upstream") { @subjects = [:upstream] }
      parser.on("--fibers") { (@subjects = [:ours]) && @preloads = [SCHEDULER] }
      parser.on("--list") { @list = true }
      parser.on("--log FILE") { |path| @log = File.open(path, "a") }
      parser.parse(arguments)
    end

    def sandboxed_run(directory)
      prefix = Sandbox.prefix
      environment = { "UPSTREAM_TESTS" => directory, SANDBOXED => prefix ? "yes" : "no" }
      system(environment, *prefix, RbConfig.ruby, File.join(__dir__, "runner.rb"), *@arguments)
    end

    def sandboxed?
      ENV[SANDBOXED] == "yes"
    end

    def run_on(subject)
      report = Report.new(@ledger, subject, sandboxed: sandboxed?, slow: TestFile::PATIENCE > 1)
      puts "", "Upstream's tests on #{NAMES[subject]} (output in #{log.path})"
      report.heading unless @list
      files.each { |file| @list ? list(run_file(subject, file), file) : judge(report, subject, file) }
      return true if @list

      report.summary(NAMES[subject])
      report.surprises.empty?
    end

    def files
      present = Dir.glob("{*/,}test_*.rb", base: @directory).sort | @ledger.files
      @files.empty? ? present : present & @files
    end

    def judge(report, subject, file)
      results = run_file(subject, file)
      failed = report.judge(file, results).filter_map do |test, verdict|
        test if verdict == :surprise && results[test]&.status != Report::PASSED
      end
      if failed.any? && results.any? && timed?(file)
        puts "  once more, alone: #{file} (#{failed.join(', ')})"
        results = run_file(subject, file)
      end
      report.add(file, results)
    end

    def timed?(file)
      path = File.join(@directory, file)
      File.exist?(path) && File.read(path, encoding: "UTF-8").match?(TIMED)
    end

    def run_file(subject, file)
      log.puts "", "== #{file} on #{NAMES[subject]}"
      load_path = subject == :ours ? [LIBRARY] : []
      results = TestFile.new(@directory, file, load_path: load_path, preloads: @preloads.to_a, log: log).run
      check_library(subject, results)
      results
    end

    # A result counts only if the intended library was loaded.
    def check_library(subject, results)
      strange = results.values.map(&:library).compact.find do |path|
        path.start_with?("#{LIBRARY}/") != (subject == :ours)
      end
      abort "#{strange} was loaded in the tests of #{NAMES[subject]}" if strange
    end

    def list(results, file)
      puts "  #{file}:"
      results.each { |test, result| puts "    #{test}: #{result.status} #{result.detail}".lines.first }
    end

    def log
      @log ||= Tempfile.create("em-upstream-log")
      @log.sync = true
      @log
    end
  end
end

exit Upstream::Runner.new(ARGV).run
