# frozen_string_literal: true

# Compares this gem with Debian's ruby-eventmachine, on epoll: CPU time (user and system) and system calls for
# an operation, each line on both in turn, several rounds. Arguments pick lines; ROUNDS tells how many rounds
# (5).

require "etc"

require_relative "harness/line"
require_relative "harness/subject"
require_relative "harness/measurement"
require_relative "harness/table"

Dir[File.join(__dir__, "lines", "*.rb")].sort.each { |file| require file }

module Bench
  module_function

  def run(names)
    build_load
    describe
    table = Table.new
    table.heading
    failures = select(names).reject { |line| measured?(line, table) }
    table.summary
    abort "not measured: #{failures.map(&:id).join(', ')}" if failures.any?
  end

  def measured?(line, table)
    table.add(line, costs(line), system_calls(line))
    true
  rescue Measurement::Failed => error
    warn error.message
    false
  end

  def build_load
    command = %w[cargo build --release --locked --quiet]
    system(*command, chdir: File.join(ROOT, "bench", "load"), exception: true)
  end

  def describe
    processor = File.foreach("/proc/cpuinfo").filter_map { |line| line[/^model name\s*: (.*)/, 1] }.first
    puts "#{processor}, #{Etc.nprocessors} cores, Linux #{Etc.uname[:release]}, #{RUBY_DESCRIPTION}", ""
    SUBJECTS.each { |subject| puts "* #{subject.describe}" }
    puts "* CPU time of user and system, for one operation; median of #{rounds} rounds, the two in turn"
    puts "* system calls include those of a line's helper processes", ""
  end

  def select(names)
    unknown = names - lines.map { |line| line.id.to_s }
    abort "no such line: #{unknown.join(', ')}; there are: #{lines.map(&:id).join(', ')}" if unknown.any?

    names.empty? ? lines : lines.select { |line| names.include?(line.id.to_s) }
  end

  def rounds
    Integer(ENV.fetch("ROUNDS", "5"))
  end

  def costs(line)
    results = SUBJECTS.to_h { |subject| [subject, []] }
    rounds.times { SUBJECTS.each { |subject| results[subject] << Measurement.new(line, subject).cpu } }
    results
  end

  def system_calls(line)
    SUBJECTS.to_h { |subject| [subject, Measurement.new(line, subject).system_calls] }
  end
end

Bench.run(ARGV)
