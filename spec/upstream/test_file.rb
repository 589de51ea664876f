# frozen_string_literal: true

require "json"
require "rbconfig"
require "tmpdir"

module Upstream
  Result = Struct.new(:status, :detail, :library)

  # Runs one of upstream's test files in separate processes, and reports the result of each test. After a test that
  # hung or crashed, the rest of the file runs in a new process.
  class TestFile
    PRELOAD = File.join(__dir__, "preload.rb")
    # As for the specs: an emulator is slower.
    PATIENCE = Integer(ENV.fetch("SPEC_PATIENCE", 1))
    TEST_LIMIT = 30 * PATIENCE
    FILE_LIMIT = 180 * PATIENCE

    # @param directory [String] the directory of the tests
    # @param file [String] the test file's path below it
    # @param load_path [Array<String>] directories that come first in the load path
    # @param preloads [Array<String>] files that are loaded first
    # @param log [IO] takes what the tests print
    def initialize(directory, file, load_path:, log:, preloads: [])
      @directory = directory
      @file = file
      @load_path = load_path
      @preloads = [*preloads, PRELOAD]
      @log = log
    end

    # @return [Hash{String => Result}] by the test's name
    def run
      results = {}
      deadline = now + FILE_LIMIT
      loop do
        broken, found = one_process(results.keys, deadline)
        results.merge!(found)
        return results unless broken && now < deadline
      end
    end

    private

    # @return [Array(Boolean, Hash)] whether a test ended its process, and the results
    def one_process(skipped, deadline)
      Dir.mktmpdir("em-upstream") do |work|
        events = File.join(work, "events")
        File.write(events, "")
        child = spawn_ruby(events, skipped)
        ending = supervise(child, events, deadline)
        results = read(events)
        interrupted = results.find { |_, result| result.status == "started" }
        interrupted&.last&.then { |result| result.status, result.detail = ending }
        [!interrupted.nil?, results]
      end
    end

    def spawn_ruby(events, skipped)
      environment = { "EM_UPSTREAM_EVENTS" => events, "EM_UPSTREAM_SKIP" => skipped.join(",") }
      include_options = @load_path.flat_map { |path| ["-I", path] }
      Process.spawn(environment, RbConfig.ruby, *include_options, *@preloads.flat_map { |path| ["-r", path] }, @file,
                    chdir: @directory, in: File::NULL, out: @log, err: @log, pgroup: true)
    end

    # Waits for the process; ends it and all that it started once a test or the file takes too long.
    #
    # @return [Array(String, String)] status and detail of a test that was under way at the end
    def supervise(child, events, deadline)
      loop do
        _, status = Process.wait2(child, Process::WNOHANG)
        return ["crashed", describe(status)] if status
        break if now > deadline || Time.now - File.mtime(events) > TEST_LIMIT

        sleep 0.02
      end
      kill(child)
      ["hung", "ended after #{now > deadline ? FILE_LIMIT : TEST_LIMIT} s"]
    end

    def kill(child)
      Process.kill(:KILL, -child)
      Process.wait(child)
    rescue Errno::ESRCH, Errno::ECHILD
      nil
    end

    def describe(status)
      status.signaled? ? "SIG#{Signal.signame(status.termsig)}" : "exit status #{status.exitstatus}"
    end

    def read(events)
      File.readlines(events, chomp: true, encoding: "UTF-8").each_with_object({}) do |line, results|
        event = JSON.parse(line)
        result = results[event["test"]] ||= Result.new("started")
        result.library ||= event["library"]
        result.status, result.detail = event.values_at("status", "detail") if event["event"] == "finished"
      end
    end

    def now
      Process.clock_gettime(Process::CLOCK_MONOTONIC)
    end
  end
end
