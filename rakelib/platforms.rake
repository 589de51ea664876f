# frozen_string_literal: true

require "fileutils"

# Runs what can be run of platforms that this system is not: by an emulator, or with another C library.
module OtherPlatforms
  SPECS = %w[unit integration fiber].freeze
  # They want servers that are this system's.
  LEFT_OUT = "spec/integration/protocols/"
  # What the emulator does not pass on, and what takes a quicker processor.
  TAGS = "--tag ~kernel --tag ~hurried"
  SUITES = ["smoke", *SPECS, "upstream"].freeze
  # The name of all specs, which Windows does not have apart.
  ALL_SPECS = "specs"
  PARTS = ["core", *SUITES, ALL_SPECS].freeze
  # The others have its processor, and its C library.
  ON_REQUEST = %w[aarch64-linux-musl].freeze
  # By how much others yield: first to wine, whose programs wait for each other, and musl to ARM64, which takes longer.
  # See nice(2).
  YIELDING = { "aarch64-linux" => 7, "x86_64-linux-musl" => 12 }.freeze

  module_function

  # @return [Hash{String => Object}] the one that the variable PLATFORM names, or all but those that are run on request
  def picked
    all = Platforms.all.except(Platforms.here)
    found = ENV.key?("PLATFORM") ? all.slice(ENV.fetch("PLATFORM")) : all.except(*ON_REQUEST)
    found.any? ? found : abort("PLATFORM is none of #{all.keys.join(', ')}")
  end

  # @return [Array<String>] those that the variable PARTS names, or all
  def parts
    wanted = ENV.fetch("PARTS", PARTS.join(",")).split(",")
    abort("PARTS has others than #{PARTS.join(',')}") if (wanted - PARTS).any?
    wanted.include?(ALL_SPECS) ? wanted | SPECS : wanted
  end

  # Each platform is built and run beside the others: a root that is made and an emulator keep one processor busy.
  # @return [Array<String>] what failed
  def run(platforms, parts)
    platforms.map { |name, platform| Thread.new { build_and_run(name, platform, parts) } }.flat_map(&:value)
  end

  # What cannot be built ends neither the others nor their programs.
  def build_and_run(name, platform, parts)
    yield_to_others(YIELDING.fetch(name, 0))
    build(name, platform, parts).flat_map(&:call)
  rescue SystemExit
    ["build for #{name}"]
  end

  # Linux has a priority for each thread, which the programs that this starts inherit.
  def yield_to_others(increment)
    Process.setpriority(Process::PRIO_PROCESS, 0, Process.getpriority(Process::PRIO_PROCESS, 0) + increment)
  end

  # @return [Array<Proc>] what runs the parts of a platform, each of which returns what failed
  def build(name, platform, parts)
    core = parts.include?("core") ? core(name, platform) : []
    suites = suites(platform).slice(*parts)
    abort("#{name} has none of the parts #{parts.join(', ')}") if suites.empty? && core.empty?
    return core if suites.empty?

    runs = platform.tested.map do |target|
      library = platform.library(target, quick: true)
      -> { Suites.run(target, library, suites) }
    end
    core + runs
  end

  # @return [Hash{String => String}] commands by their names
  def suites(platform)
    return platform.suites if platform.respond_to?(:suites)

    specs = SPECS.to_h { |name| [name, "ruby -S rspec --no-color --pattern '#{files(name, platform)}' #{TAGS}"] }
    { "smoke" => "ruby -W -Ilib rakelib/smoke.rb", **specs, "upstream" => "ruby spec/upstream/runner.rb --ours" }
  end

  # @return [String] files, separated by commas: one of as many as the platform says, or all if FULL is set
  def files(name, platform)
    found = Dir.glob("spec/#{name}/**/*_spec.rb").reject { |path| path.start_with?(LEFT_OUT) }
    share = ENV["FULL"] || !platform.respond_to?(:shares) ? 1 : platform.shares.fetch(name, 1)
    found.each_slice(share).map(&:first).join(",")
  end

  def core(name, platform)
    # Windows builds these as it runs them.
    return [-> { platform.test_core ? [] : ["core on #{name}"] }] unless platform.respond_to?(:core_tests)

    target = platform.tested.first
    platform.providers.map do |provider|
      programs = platform.core_tests(provider)
      -> { CoreTests.run(name, target, provider, programs, platform.core_exceptions) }
    end
  end
end

desc "Run the core's tests, the specs and upstream's on other platforms (PLATFORM, RUBIES, PROVIDER, PARTS, FULL=1)"
task :platforms do
  failed = OtherPlatforms.run(OtherPlatforms.picked, OtherPlatforms.parts)
  abort "Failed: #{failed.join(', ')}" if failed.any?
end

namespace :platforms do
  desc "Tell the size of the roots, which are kept in the cache"
  task :size do
    system("du", "--human-readable", "--summarize", "--total", *Dir.glob(File.join(Root.cache, "*/")))
  end

  desc "Remove the roots"
  task :clean do
    mounted = File.readlines("/proc/self/mounts", encoding: "UTF-8").grep(/ #{Regexp.escape(Root.cache)}/)
    abort "something is mounted there:\n#{mounted.join}" if mounted.any?

    puts "Removing #{Root.cache}"
    FileUtils.rm_rf(Root.cache)
  end
end
