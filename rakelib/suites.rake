# frozen_string_literal: true

require "fileutils"
require "tmpdir"

# Runs the specs and other suites on a copy of the checkout with the library for one Ruby.
module Suites
  WARNINGS = %r{/lib/(?:eventmachine\.rb|em/).*warning: .*}
  # External applications are Debian's, for Debian's Ruby.
  EXCLUDED = "spec/{external,upstream}/**/*_spec.rb"
  COMMANDS = {
    "specs" => "RUBYOPT=-w ruby -S rspec --no-color --exclude-pattern '#{EXCLUDED}'",
    "upstream" => "ruby spec/upstream/runner.rb --ours",
    "fiber" => "ruby spec/ruby/runner.rb"
  }.freeze

  module_function

  # @return [Array<String>] what failed
  def run(target, library, commands = COMMANDS)
    Dir.mktmpdir("eventmachine-#{target.minor}") do |directory|
      stage(directory, library)
      commands.reject { |name, command| passed?(target, directory, name, command) }
              .keys.map { |name| "#{name} on #{target}" }
    end
  end

  def stage(directory, library)
    Checkout.copy(directory)
    FileUtils.cp(library, File.join(directory, "lib", "eventmachine.so"))
  end

  def passed?(target, directory, name, command)
    log = File.join("tmp", "rubies", "#{[target.minor, target.platform, name].compact.join('-')}.log")
    FileUtils.mkdir_p(File.dirname(log))
    ran = inside(target, directory, "#{command} >#{name}.log 2>&1")
    FileUtils.cp(File.join(directory, "#{name}.log"), log)
    output = File.read(log, encoding: "UTF-8").scrub
    results = output.scan(/^(?:\d+ examples?, .*|this gem: .*|fiber: .*|rspec .*|surprise: .*)$/)
    # Where failures are judged, those without a reason are told.
    results.reject! { |line| line.start_with?("rspec ") } if results.last&.start_with?("this gem: ")
    warnings = output.scan(WARNINGS).uniq
    puts ["== #{target}: #{name}", *results, *warnings, "   (#{log})"].join("\n")
    ran && warnings.empty?
  end

  def inside(target, directory, command)
    return system("sh", "-euc", command, chdir: directory) if target.host?

    tests = upstream_tests
    environment = { "UPSTREAM_TESTS" => "/mnt/upstream", **target.environment.to_h,
                    **ENV.to_h.slice("FULL", "SPEC_PATIENCE") }
    target.root.run("cd /mnt/gem && #{command}",
                    mounts: { directory => "/mnt/gem", tests => "/mnt/upstream" }, environment: environment)
  end

  def upstream_tests
    require_relative "../spec/upstream/source"
    Upstream::Source.directory
  end
end
