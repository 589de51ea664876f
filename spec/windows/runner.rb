# frozen_string_literal: true

# Runs the specs for Windows, and judges each failure by left_out.rb: `ruby spec/windows/runner.rb [RSPEC'S ARGUMENTS]`.
require "fileutils"
require "rspec/core"
require "socket"
require "tmpdir"

require_relative "left_out"

# What Windows lacks, and specs take for two sockets that are connected, of whatever kind.
def UNIXSocket.pair(*)
  TCPServer.open("127.0.0.1", 0) do |server|
    [TCPSocket.new("127.0.0.1", server.local_address.ip_port), server.accept]
  end
end

module WindowsSpecs
  PATTERN = "spec/{unit,integration,windows}/**/*_spec.rb"
  # Files whose thousands of connections take minutes by wine. They run if FULL is set, as it is on Windows itself.
  LONG = %w[spec/integration/tls/hostile_spec.rb].freeze
  # Libraries that files load and that the Ruby there may lack. What they are used for fails then, and is judged.
  LACKING = %w[rbs].reject { |name| $LOAD_PATH.resolve_feature_path(name) }.freeze

  module_function

  # @return [Boolean] whether nothing failed without a reason
  def run(arguments)
    Dir.mktmpdir do |directory|
      $LOAD_PATH.unshift(directory)
      LACKING.each { |name| File.write(File.join(directory, "#{name}.rb"), "") }
      RSpec::Core::Runner.run([*files(arguments), "--exclude-pattern", left_out.join(","), *arguments])
    end
    judge(RSpec.world.all_examples.reject { |example| example.execution_result.status == :pending })
  end

  # RSpec would add what matches a pattern to the files that it is given.
  def files(arguments)
    arguments.any? { |argument| argument.include?("_spec.rb") } ? [] : ["--pattern", PATTERN]
  end

  def left_out
    LeftOut::FILES.values.flatten + (ENV["FULL"] ? [] : LONG)
  end

  def judge(examples)
    failed = examples.select(&:exception)
    reasons = failed.group_by { |example| LeftOut.reason(example) }
    surprises = reasons.delete(nil).to_a
    reasons.each { |reason, left_out| puts "#{left_out.size} left out: #{reason}" }
    surprises.each { |example| puts "surprise: #{example.location_rerun_argument} #{example.full_description}" }
    puts "this gem: #{examples.size - failed.size} pass, #{failed.size - surprises.size} are left out, " \
         "#{surprises.size} surprises"
    surprises.empty? && examples.any? && !RSpec.world.wants_to_quit && RSpec.world.non_example_failure != true
  end
end

exit(WindowsSpecs.run(ARGV))
