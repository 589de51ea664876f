# frozen_string_literal: true

require "fileutils"
require "tmpdir"

# A Ruby to build the library for and to test it on.
Target = Struct.new(:minor, :root, :rbconfig, keyword_init: true) do
  # @return [Boolean] whether it is the current Ruby
  def host?
    root.nil?
  end
end

# All Rubies: this one, and those of other Debian releases, in roots in the cache.
module Rubies
  RELEASES = { "3.3" => "trixie" }.freeze
  # Building and the specs need the same packages there.
  PACKAGES = FileList["bin/packages/*.txt"].flat_map do |list|
    File.read(list, encoding: "UTF-8").gsub(/#.*/, "").split
  end.uniq.freeze

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

# Separate systems, created by debootstrap from the archive that this system uses.
module Roots
  module_function

  # @return [String] the directory of a root with these packages; made unless it is in the cache
  def path(release, packages, name = release)
    path = File.join(cache, name)
    make(release, packages, path) unless File.directory?(path)
    update(path, packages)
    name_loopback(path)
    path
  end

  # What is made by debootstrap knows no names.
  def name_loopback(path)
    hosts = File.join(path, "etc", "hosts")
    File.write(hosts, "127.0.0.1 localhost\n::1 localhost\n") unless File.exist?(hosts)
  end

  # Installs packages that were added to the lists after the root was created.
  def update(path, packages)
    wanted = File.join(path, "wanted")
    return if File.exist?(wanted) && (packages - File.read(wanted, encoding: "UTF-8").split).empty?

    puts "Installing packages into #{path} (#{path}.log)"
    install(path, packages, "#{path}.log") || abort("packages could not be installed: see #{path}.log")
  end

  # Runs a shell command inside, with directories of this system mounted there. The mounts end with the command.
  def run(root, command, mounts: {}, environment: {}, log: nil)
    mounts = { "/dev" => "/dev", **mounts }
    steps = mounts.map do |from, to|
      "mkdir -p '#{root}#{to}' && mount --rbind '#{from}' '#{root}#{to}'"
    end
    steps << "mount -t proc proc '#{root}/proc'" << "mount -t tmpfs tmpfs '#{root}/tmp'"
    steps << "exec chroot '#{root}' /usr/bin/env -i #{environment_words(environment)} sh -euc \"$1\""
    streams = log ? { %i[out err] => [log, "a"] } : {}
    system("unshare", "--mount", "sh", "-euc", steps.join("\n"), "sh", command, **streams)
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

  # The directory gets its name when it is complete.
  def make(release, packages, path)
    abort "a root of #{release} is made by debootstrap, which wants to be root" unless Process.uid.zero?
    FileUtils.rm_rf("#{path}.new")
    log = "#{path}.log"
    puts "Making a root of #{release} (#{log})"
    made = system("debootstrap", "--variant=minbase", release, "#{path}.new", archive, out: log, err: log)
    made &&= install("#{path}.new", packages, log)
    abort "a root of #{release} could not be made: see #{log}" unless made
    File.rename("#{path}.new", path)
  end

  # Starts no services. Packages that a release does not have are skipped.
  def install(root, packages, log)
    File.write("#{root}/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n", perm: 0o755)
    run(root, <<~SH, log: log) && File.write("#{root}/wanted", packages.join("\n"))
      export DEBIAN_FRONTEND=noninteractive
      apt-get -qq update
      for name in #{packages.join(' ')}; do
        if apt-cache show "$name" >/dev/null 2>&1; then echo "$name"; fi
      done >/packages
      xargs apt-get -y -qq --no-install-recommends install </packages
    SH
  end

  def archive
    command = ["apt-get", "indextargets", "--format", "$(SITE)"]
    filters = ["Created-By: Packages", "Origin: Debian", "Component: main"]
    sites = IO.popen([*command, *filters], &:readlines)
    sites.first&.chomp || abort("apt has no index of Debian's archive: run apt-get update")
  end
end

# Runs the specs, upstream's tests and Ruby's own of fibers on a copy of the checkout with the library for one Ruby.
module Suites
  WARNINGS = %r{/lib/(?:eventmachine\.rb|em/).*warning: .*}
  # External applications are Debian's, for Debian's Ruby.
  EXCLUDED = "spec/{external,upstream}/**/*_spec.rb"
  COMMANDS = {
    "specs" => "RUBYOPT=-w rspec --no-color --exclude-pattern '#{EXCLUDED}'",
    "upstream" => "ruby spec/upstream/runner.rb --ours",
    "fiber" => "ruby spec/ruby/runner.rb"
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
    puts output.scan(/^(?:\d+ examples?, .*|this gem: .*|fiber: .*|rspec .*)$/)
    warnings = output.scan(WARNINGS).uniq
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

desc "Run the specs, upstream's tests and Ruby's own of fibers on each Ruby that there is (RUBIES=3.3 to pick)"
task :rubies do
  picked = ENV["RUBIES"]&.split(",")
  targets = Rubies.targets.select { |target| picked.nil? || picked.include?(target.minor) }
  failed = targets.flat_map { |target| Suites.run(target, Precompiled.library(target)) }
  abort "Failed: #{failed.join(', ')}" if failed.any?
end
