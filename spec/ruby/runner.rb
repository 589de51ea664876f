# frozen_string_literal: true

# Runs Ruby's own tests of fiber schedulers with EventMachine::Scheduler: `ruby spec/ruby/runner.rb [TIMES]`.
require "open3"
require "rbconfig"
require_relative "source"

module RubyTests
  LIBRARY = File.expand_path("../../lib", __dir__)
  LIMIT = 120
  RESULT = /^(\d+) tests, \d+ assertions, (\d+) failures, (\d+) errors, (\d+) skips/.freeze
  # How many there are, so that none is lost.
  COUNTS = { "3.1" => 58, "3.3" => 84, "3.4" => 84 }.freeze

  module_function

  # @return [Array(Integer, Integer)] how many tests passed and failed
  def run(root)
    Dir[File.join(root, "test", "fiber", "test_*.rb")].map { |file| run_file(root, file) }
                                                      .transpose.map(&:sum)
  end

  def run_file(root, file)
    command = ["timeout", LIMIT.to_s, RbConfig.ruby, "-W0", "-Itool/lib", "test/runner.rb", file]
    output, = Open3.capture2e({ "RUBYLIB" => LIBRARY }, *command, chdir: root)
    tests, failures, errors, = output.match(RESULT)&.captures&.map(&:to_i)
    failed = tests ? failures + errors : 1
    puts "#{File.basename(file)}: #{failed.zero? ? "#{tests} pass" : output}"
    [tests.to_i - [failed, tests.to_i].min, failed]
  end

  def main(times)
    root = Source.new.directory
    results = Array.new(times) { run(root) }
    passed, failed = results.transpose.map(&:sum)
    expected = COUNTS.fetch(RUBY_VERSION[/\A\d+\.\d+/], passed / times) * times
    puts "fiber: #{passed} pass, #{failed} fail, of #{expected}"
    exit(passed == expected && failed.zero?)
  end
end

RubyTests.main(Integer(ARGV.fetch(0, 1)))
