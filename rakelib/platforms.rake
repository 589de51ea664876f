# frozen_string_literal: true

require "fileutils"

# Runs what can be run of platforms that this system is not: by an emulator, or with another C library.
module OtherPlatforms
  # Specs of protocols want servers that are this system's, and some others what the emulator does not pass on.
  SUITES = {
    "specs" => "ruby -S rspec --no-color --pattern 'spec/{unit,integration,fiber}/**/*_spec.rb' " \
               "--exclude-pattern 'spec/integration/protocols/**/*_spec.rb' --tag ~kernel",
    "upstream" => "ruby spec/upstream/runner.rb --ours"
  }.freeze

  module_function

  # @return [Hash{String => Module}]
  def all
    Platforms.all.except(Platforms.here)
  end

  # @return [Array<String>] what failed
  def run(platform)
    suites = platform.const_defined?(:SUITES) ? platform::SUITES : SUITES
    platform.tested.flat_map { |target| Suites.run(target, platform.library(target), suites) }
  end
end

desc "Run the specs and upstream's tests on other platforms, as far as they run here (PLATFORM, RUBIES to pick)"
task :platforms do
  picked = OtherPlatforms.all
  picked = picked.slice(ENV["PLATFORM"]) if ENV["PLATFORM"]
  abort "PLATFORM is none of #{OtherPlatforms.all.keys.join(', ')}" if picked.empty?

  failed = picked.values.flat_map { |platform| OtherPlatforms.run(platform) }
  abort "Failed: #{failed.join(', ')}" if failed.any?
end

namespace :platforms do
  desc "Tell the size of the roots, which are kept in the cache"
  task :size do
    system("du", "--human-readable", "--summarize", *Dir.glob(File.join(Root.cache, "*")), Root.cache)
  end

  desc "Remove the roots"
  task :clean do
    mounted = File.readlines("/proc/self/mounts", encoding: "UTF-8").grep(/ #{Regexp.escape(Root.cache)}/)
    abort "something is mounted there:\n#{mounted.join}" if mounted.any?

    puts "Removing #{Root.cache}"
    FileUtils.rm_rf(Root.cache)
  end
end
