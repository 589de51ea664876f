# frozen_string_literal: true

# Loaded by `ruby -r` into the process of each of upstream's test files: writes what happens to each
# test as a line of JSON to the file named by EM_UPSTREAM_EVENTS, as it happens, so that a hang or a
# crash still tells which test it was.

require "json"
require "test/unit"

class UpstreamRecorder
  EVENTS = ENV.fetch("EM_UPSTREAM_EVENTS")
  SKIPPED = ENV.fetch("EM_UPSTREAM_SKIP", "").split(",")

  def self.identify(test)
    "#{test.class.name}##{test.method_name}"
  end

  def initialize
    @process = Process.pid
    @events = File.open(EVENTS, "a")
    @events.sync = true
    @faults = []
  end

  def attach_to_mediator(mediator)
    mediator.add_listener(Test::Unit::TestResult::FAULT) { |fault| @faults << fault }
    mediator.add_listener(Test::Unit::TestCase::STARTED_OBJECT) { |test| started(test) }
    mediator.add_listener(Test::Unit::TestCase::FINISHED_OBJECT) { |test| finished(test) }
  end

  private

  def started(test)
    @faults.clear
    record(event: "started", test: self.class.identify(test), library: library)
  end

  def finished(test)
    record(event: "finished", test: self.class.identify(test), status: status, detail: detail)
  end

  # Children that a test forks inherit the recorder; what they do is no result.
  def record(**event)
    @events.puts(JSON.generate(event)) if Process.pid == @process
  end

  def library
    $LOADED_FEATURES.find { |path| path.end_with?("/eventmachine.rb") }
  end

  def status
    kinds = @faults.map(&:class)
    return "failed" if kinds.include?(Test::Unit::Failure) || kinds.include?(Test::Unit::Error)
    return "omitted" if kinds.include?(Test::Unit::Omission) || kinds.include?(Test::Unit::Pending)

    "passed"
  end

  def detail
    @faults.map { |fault| fault.message.to_s.scrub }.join("; ")[0, 500]
  end
end

Test::Unit::AutoRunner.prepare do |runner|
  runner.listeners << UpstreamRecorder.new
  runner.filters << lambda do |test|
    UpstreamRecorder::SKIPPED.include?(UpstreamRecorder.identify(test)) ? false : nil
  end
end
