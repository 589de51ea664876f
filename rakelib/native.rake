# frozen_string_literal: true

require "fileutils"
require "rubygems/package"
require "tmpdir"

# The precompiled gem of a platform, with a library for each minor version of Ruby.
module Precompiled
  # More patch releases than any minor version of Ruby will have.
  RELEASES = (0..29).freeze

  module_function

  # @return [String] the path of the gem
  def build(platform)
    rubies = Platforms.all.fetch(platform)
    targets = rubies.targets
    Dir.mktmpdir("eventmachine-native") do |directory|
      specification = specification(platform, targets)
      specification.files.each { |path| copy(path, File.join(directory, path)) unless path.end_with?(".so") }
      targets.each { |target| copy(rubies.library(target), File.join(directory, inside_gem(target))) }
      Dir.chdir(directory) { Gem::Package.build(specification) }
      name = specification.file_name
      copy(File.join(directory, name), File.join(Native::ROOT, "pkg", name))
      File.join("pkg", name)
    end
  end

  def specification(platform, targets)
    Gem::Specification.load(File.join(Native::ROOT, "eventmachine.gemspec")).dup.tap do |specification|
      specification.platform = Gem::Platform.new(platform)
      specification.extensions = []
      specification.requirements = []
      # Newer ones are what compiling takes.
      specification.required_rubygems_version = Gem::Requirement.default
      specification.required_ruby_version = bounds(targets)
      specification.files = specification.files.grep_v(%r{\A(ext/|\.cargo/|Cargo\.)}) +
                            targets.map { |target| inside_gem(target) }
    end
  end

  # From the oldest to the newest Ruby that has a library. A requirement can exclude a minor version between them
  # only release by release. RubyGems installs the source gem there.
  # @return [Array<String>]
  def bounds(targets)
    minors = targets.map { |target| Gem::Version.new(target.minor) }
    oldest, newest = minors.minmax
    major, last = newest.segments
    between = (oldest.segments.last..last).map { |minor| Gem::Version.new("#{major}.#{minor}") }
    left_out = (between - minors).product(RELEASES.to_a).map { |minor, release| "!= #{minor}.#{release}" }
    [">= #{oldest}", "< #{major}.#{last + 1}.dev", *left_out]
  end

  def inside_gem(target)
    "lib/eventmachine/#{target.minor}/eventmachine.so"
  end

  def copy(from, to)
    FileUtils.mkdir_p(File.dirname(to))
    FileUtils.cp(from, to)
  end
end

desc "Build the precompiled gem for a platform into pkg/ (PLATFORM=aarch64-linux, RUBIES=3.1, PROVIDER=ring to pick)"
task native: :licenses do
  path = Precompiled.build(Platforms.picked)
  puts "#{path}: #{File.size(path)} bytes"
end

namespace :native do
  desc "Build the precompiled gems for all platforms that this system can build for"
  task all: :licenses do
    Platforms.all.each_key do |platform|
      path = Precompiled.build(platform)
      puts "#{path}: #{File.size(path)} bytes"
    end
  end

  desc "Install the precompiled gem on systems that have Ruby and nothing else (PLATFORM, RUBIES to pick)"
  task :try do
    platform = Platforms.picked
    gem = Dir.glob("pkg/eventmachine-*-#{platform}.gem").max_by { |path| File.mtime(path) }
    abort "no gem for #{platform} in pkg/: run rake native" unless gem
    Platforms.all.fetch(platform).bare_roots.each { |name, root| BareSystem.try(name, root, gem) }
  end
end
