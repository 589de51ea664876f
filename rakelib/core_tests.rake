# frozen_string_literal: true

require "fileutils"

# Runs the core's own tests on another platform.
module CoreTests
  # Seconds that each of the programs may take.
  LIMIT = 1800

  module_function

  # @param name [String] the platform's
  # @param target [Target] where it is run
  # @param programs [Array<String>] below the platform's directory
  # @param exceptions [Array<String>] tests that are left out
  # @return [Array<String>] what failed
  def run(name, target, provider, programs, exceptions)
    log = File.expand_path(File.join("tmp", "rubies", "#{name}-core-#{provider}.log"))
    FileUtils.mkdir_p(File.dirname(log))
    FileUtils.rm_f(log)
    target.root.run(commands(programs, exceptions), environment: target.environment.to_h, log: log,
                    mounts: { Native::ROOT => "/mnt/gem", Cross.directory(name) => "/mnt/build" })
    what = "core with #{provider} on #{name}"
    tell(what, File.read(log, encoding: "UTF-8").scrub, log) ? [] : [what]
  end

  # The programs find what they read in the directory of their package.
  def commands(programs, exceptions)
    words = exceptions.map { |test| " --skip #{test}" }.join
    steps = programs.map do |program|
      "timeout #{LIMIT} /mnt/build/#{program}#{words} || echo 'ended with failures: #{program}'"
    end
    ["cd /mnt/gem/ext/reactor", *steps].join("\n")
  end

  # @return [Boolean] whether all passed
  def tell(what, output, log)
    passed, failed = output.scan(/^test result: \w+\. (\d+) passed; (\d+) failed/).transpose
                           .map { |counts| counts.sum(&:to_i) }
    failures = output.scan(/^(?:test .* \.\.\. FAILED|ended with failures: .*)$/)
    puts ["== #{what}", *failures, "#{passed.to_i} passed, #{failed.to_i} failed", "   (#{log})"].join("\n")
    passed.to_i.positive? && !output.match?(/^ended with failures: /)
  end
end
