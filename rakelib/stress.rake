# frozen_string_literal: true

require "rbconfig"

# Runs each file of specs in a process of its own, while the garbage collector does what it can.
# MODES=collect,compact says what, LIMIT=900 how many seconds a file has.
module Stress
  # Those that look at texts, and those that start programs, in which there is no such thing.
  FILES = "spec/{unit,integration,fiber,property}/**/*_spec.rb"
  ENVIRONMENT = { "SPEC_PATIENCE" => "20" }.freeze
  BUG = /\[BUG\]|Segmentation fault|T_NONE|panicked at/

  module_function

  # @return [Array<String>] what failed
  def run(files, modes, limit)
    modes.product(files).filter_map { |mode, file| run_one(file, mode, limit) }
  end

  def run_one(file, mode, limit)
    began = Process.clock_gettime(Process::CLOCK_MONOTONIC)
    rspec = [RbConfig.ruby, "-S", "rspec", "--no-color", "--require", "./spec/gc/under_stress.rb"]
    environment = ENVIRONMENT.merge("STRESS_MODE" => mode)
    output = IO.popen(environment, ["timeout", "-k", "10", limit, *rspec, file], err: %i[child out], &:read).scrub
    took = Process.clock_gettime(Process::CLOCK_MONOTONIC) - began
    examples = output[/^\d+ examples?, .*/] || "no end, #{$?}"
    puts format("%-8s %5.0f s  %-60s %s", mode, took, file, examples)
    return if $?.success? && !output.match?(BUG)

    puts output.lines.last(60)
    "#{file}, #{mode}"
  end
end

desc "Run each spec file while garbage is collected at each allocation, or all is moved (SPECS=, STRESS_SECONDS=2)"
task :stress do
  $stdout.sync = true
  files = ENV.key?("SPECS") ? ENV.fetch("SPECS").split : Dir[Stress::FILES]
  failed = Stress.run(files, ENV.fetch("MODES", "collect,compact").split(","), ENV.fetch("LIMIT", "900"))
  puts "#{files.size} files, #{failed.size} runs failed"
  abort failed.join("\n") if failed.any?
end
