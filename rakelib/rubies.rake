# frozen_string_literal: true

require "fileutils"
require "tmpdir"

# A Ruby that the library is built for and tested on.
Target = Struct.new(:minor, :root, :rbconfig, keyword_init: true) do
  # @return [Boolean] whether it is the one that runs this
  def host?
    root.nil?
  end
end

# The Rubies that there are: this one, and those of other releases of Debian, in roots in the cache.
module Rubies
  RELEASES = { "3.3" => "trixie" }.freeze
  # What building against a Ruby takes, and what running the specs and upstream's tests with it takes.
  PACKAGES = %w[
    ca-certificates curl gcc iproute2 libc6-dev make patch procps rake ruby ruby-dev ruby-rspec ruby-test-unit
    util-linux xz-utils
  ].freeze

  module_function

  # @return [Array<Target>] one for each minor version
  def targets
    others = RELEASES.reject { |minor, _| minor == host.minor }
    [host, *others.map { |minor, release| other(minor, Roots.path(release, PACKAGES)) }]
  end

  def host
    Target.new(minor: RUBY_VERSION[/\A\d+\.\d+/])
  end

  def other(minor, root)
    rbconfig = Dir.glob("#{root}/usr/lib/**/ruby/#{minor}.*/rbconfig.rb").first
    raise "no Ruby #{minor} in #{root}" unless rbconfig

    Target.new(minor: minor, root: root, rbconfig: rbconfig)
  end
end

# Systems of their own, made by debootstrap from the archive that this system uses.
module Roots
  module_function

  # @return [String] the directory of a root with these packages; made unless it is in the cache
  def path(release, packages, name = release)
    path = File.join(cache, name)
    make(release, packages, path) unless File.directory?(path)
    path
  end

  # Runs a shell command inside, with directories of ours mounted there. Mounts end with the command.
  def run(root, command, mounts: {}, environment: {})
    mounts = { "/dev" => "/dev", **mounts }
    steps = mounts.map do |from, to|
      "mkdir -p '#{root}#{to}' && mount --rbind '#{from}' '#{root}#{to}'"
    end
    steps << "mount -t proc proc '#{root}/proc'" << "mount -t tmpfs tmpfs '#{root}/tmp'"
    steps << "exec chroot '#{root}' /usr/bin/env -i #{environment_words(environment)} sh -euc \"$1\""
    system("unshare", "--mount", "sh", "-euc", steps.join("\n"), "sh", command)
  end

  def environment_words(environment)
    { "PATH" => "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME" => "/root", "LANG" => "C.UTF-8",
      **environment }.map { |name, value| "#{name}='#{value}'" }.join(" ")
  end

  def cache
    base = ENV["XDG_CACHE_HOME"]
    base = File.join(Dir.home, ".cache") if base.nil? || base.empty?
    File.join(base, "eventmachine-roots").tap { |path| FileUtils.mkdir_p(path) }
  end

  # It gets its name when it is complete.
  def make(release, packages, path)
    abort "a root of #{release} is made by debootstrap, which wants to be root" unless Process.uid.zero?
    FileUtils.rm_rf("#{path}.new")
    log = "#{path}.log"
    made = system("debootstrap", "--variant=minbase", "--include=#{packages.join(',')}",
                  release, "#{path}.new", archive, out: log, err: log)
    abort "debootstrap of #{release} failed: see #{log}" unless made
    File.rename("#{path}.new", path)
  end

  def archive
    command = ["apt-get", "indextargets", "--format", "$(SITE)"]
    filters = ["Created-By: Packages", "Origin: Debian", "Component: main"]
    sites = IO.popen([*command, *filters], &:readlines)
    sites.first&.chomp || abort("apt has no index of Debian's archive: run apt-get update")
  end
end

# The specs and upstream's tests, on a copy of the checkout that has the library of one Ruby.
module Suites
  WARNINGS = %r{/lib/(?:eventmachine\.rb|em/).*warning:}
  SPECS = "rspec --no-color --exclude-pattern 'spec/{external,upstream,packaging}/**/*_spec.rb'"
  COMMANDS = {
    "warnings" => "ruby -w -W:deprecated -W:experimental -Ilib -e '" \
                  'Dir["lib/**/*.rb"].sort.each { |path| require "./#{path}" }' \
                  "'",
    "specs" => "RUBYOPT=-w #{SPECS}",
    "upstream" => "ruby spec/upstream/runner.rb --ours"
  }.freeze

  module_function

  # @return [Array<String>] what failed
  def run(target, library)
    Dir.mktmpdir("eventmachine-#{target.minor}") do |directory|
      stage(directory, library)
      COMMANDS.reject { |name, command| passed?(target, directory, name, command) }
              .keys.map { |name| "#{name} on Ruby #{target.minor}" }
    end
  end

  def stage(directory, library)
    files = IO.popen(%w[git ls-files -z], &:read).split("\0").select { |path| File.file?(path) }
    files.each do |path|
      FileUtils.mkdir_p(File.join(directory, File.dirname(path)))
      FileUtils.cp(path, File.join(directory, path), preserve: true)
    end
    FileUtils.cp(library, File.join(directory, "lib", "eventmachine.so"))
  end

  def passed?(target, directory, name, command)
    puts "== Ruby #{target.minor}: #{name}"
    log = File.join("tmp", "rubies", "#{target.minor}-#{name}.log")
    FileUtils.mkdir_p(File.dirname(log))
    ran = inside(target, directory, "#{command} >#{name}.log 2>&1")
    FileUtils.cp(File.join(directory, "#{name}.log"), log)
    output = File.read(log, encoding: "UTF-8").scrub
    puts output.scan(/^(?:\d+ examples?, .*|this gem: .*)$/)
    warnings = output.lines.grep(WARNINGS).uniq
    warnings = output.lines if name == "warnings"
    puts warnings, "   (#{log})"
    ran && warnings.empty?
  end

  def inside(target, directory, command)
    return system("sh", "-euc", command, chdir: directory) if target.host?

    tests = upstream_tests
    Roots.run(target.root, "cd /mnt/gem && #{command}",
              mounts: { directory => "/mnt/gem", tests => "/mnt/upstream" },
              environment: { "UPSTREAM_TESTS" => "/mnt/upstream" })
  end

  def upstream_tests
    require_relative "../spec/upstream/source"
    Upstream::Source.directory
  end
end

desc "Run the specs and upstream's tests on each Ruby that there is (RUBIES=3.3 to pick)"
task :rubies do
  picked = ENV["RUBIES"]&.split(",")
  targets = Rubies.targets.select { |target| picked.nil? || picked.include?(target.minor) }
  failed = targets.flat_map { |target| Suites.run(target, Precompiled.library(target)) }
  abort "Failed: #{failed.join(', ')}" if failed.any?
end
