# frozen_string_literal: true

require "fileutils"

# A Ruby to build the library for and to test it on: of a platform, the current one unless another is named, and with
# variables that the tests take there.
Target = Struct.new(:minor, :root, :rbconfig, :platform, :environment, keyword_init: true) do
  # @param prefix [String] what one is mounted as that was built from its source
  # @return [Target]
  def self.built(minor, prefix, platform)
    new(minor: minor, rbconfig: File.join(prefix, "lib", "ruby", "#{minor}.0", platform, "rbconfig.rb"),
        platform: platform)
  end

  # @return [Boolean] whether it is the current Ruby
  def host?
    root.nil? && platform.nil?
  end

  def to_s
    ["Ruby #{minor}", platform].compact.join(" on ")
  end
end

# All Rubies: this one, and those of other releases of Debian, in roots in the cache.
module Rubies
  RELEASES = { "3.3" => "trixie", "3.4" => "experimental" }.freeze
  # Building and the specs need the same packages there.
  PACKAGES = FileList["bin/packages/*.txt"].flat_map do |list|
    File.read(list, encoding: "UTF-8").gsub(/#.*/, "").split
  end.uniq.freeze

  module_function

  # @return [Array<Target>] one for each minor version, or for those that the variable RUBIES names
  def targets
    minors.map { |minor| minor == host.minor ? host : other(minor, root(minor)) }
  end

  def minors
    wanted = [host.minor, *RELEASES.keys].uniq
    wanted &= ENV["RUBIES"].split(",") if ENV["RUBIES"]
    wanted.any? ? wanted : abort("RUBIES names none that is here")
  end

  def host
    Target.new(minor: RUBY_VERSION[/\A\d+\.\d+/])
  end

  # @return [Root] one of the release that has a Ruby, for building and for the specs
  def root(minor)
    programs_find(minor, Root.with(RELEASES.fetch(minor), [*PACKAGES, "ruby#{minor}", "ruby#{minor}-dev"]))
  end

  # @return [Root] one with a Ruby and nothing else
  def bare_root(minor, architecture = nil)
    release = RELEASES.fetch(minor, "bookworm")
    name = [release, architecture, "bare"].compact.join("-")
    programs_find(minor, Root.with(release, %W[ruby#{minor}], name, architecture: architecture))
  end

  # @return [Hash{String => Root}] systems with Ruby and nothing else
  def bare_roots
    minors.to_h { |minor| ["Ruby #{minor}", bare_root(minor)] }
  end

  # A release may have several Rubies. Its own programs go on with its own.
  def programs_find(minor, root)
    File.exist?("#{root.path}/usr/bin/ruby#{minor}") || abort("#{root.path} has no ruby#{minor}")
    programs = File.join(root.path, "usr", "local", "bin").tap { |path| FileUtils.mkdir_p(path) }
    FileUtils.ln_sf("/usr/bin/ruby#{minor}", File.join(programs, "ruby"))
    root
  end

  # @return [String] the path of the library for one Ruby
  def library(target)
    Library.build(target)
  end

  def other(minor, root)
    rbconfig = Dir.glob("#{root.path}/usr/lib/**/ruby/#{minor}.*/rbconfig.rb").first
    raise "no Ruby #{minor} in #{root.path}" unless rbconfig

    Target.new(minor: minor, root: root, rbconfig: rbconfig)
  end
end

desc "Run the specs, upstream's tests and Ruby's own of fibers on each Ruby that there is (RUBIES=3.3 to pick)"
task :rubies do
  failed = Rubies.targets.flat_map { |target| Suites.run(target, Rubies.library(target)) }
  abort "Failed: #{failed.join(', ')}" if failed.any?
end
