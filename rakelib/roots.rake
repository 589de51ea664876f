# frozen_string_literal: true

require "fileutils"

# A separate system, created by debootstrap from the archive that this system uses, and kept in the cache.
class Root
  # Debian's experimental is no whole release: unstable has what it lacks.
  BASES = { "experimental" => "sid" }.freeze
  VARIABLES = { "PATH" => "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME" => "/root",
                "LANG" => "C.UTF-8" }.freeze

  # @param architecture [String, nil] the processor, by Debian's name, if it is not this system's
  # @return [Root] one with these packages; made unless it is in the cache
  def self.with(release, packages, name = release, architecture: nil)
    return new(release, packages, name).prepare unless architecture

    UnpackedRoot.new(release, packages, name, architecture).prepare
  end

  # A directory of the cache, which is there once it is whole.
  #
  # @yieldparam path [String] an empty one, to be filled
  # @yieldparam log [String] a file for what is printed meanwhile
  # @return [String]
  def self.keep(name)
    path = File.join(cache, name)
    alone(path) do
      next if File.directory?(path)

      FileUtils.rm_rf("#{path}.new")
      FileUtils.mkdir_p("#{path}.new")
      yield "#{path}.new", "#{path}.log"
      File.rename("#{path}.new", path)
    end
    path
  end

  # Two of these tasks may run at once, and want the same. A process waits here until the other one has made it.
  def self.alone(path)
    File.open("#{path}.lock", "w") { |file| file.flock(File::LOCK_EX) && yield }
  end

  # @return [String] the directory of all of them
  def self.cache
    base = ENV["XDG_CACHE_HOME"]
    base = File.join(Dir.home, ".cache") if base.nil? || base.empty?
    File.join(base, "eventmachine-roots").tap { |path| FileUtils.mkdir_p(path) }
  end

  # @return [String] the address of Debian's archive that this system's apt uses
  def self.archive
    command = ["apt-get", "indextargets", "--format", "$(SITE)"]
    filters = ["Created-By: Packages", "Origin: Debian", "Component: main"]
    sites = IO.popen([*command, *filters], &:readlines)
    sites.first&.chomp || abort("apt has no index of Debian's archive: run apt-get update")
  end

  # @return [Array<String>] where a release's packages are, as lines of sources.list(5)
  def self.sources(release)
    [BASES[release], release].compact.map { |part| "deb #{archive} #{part} main" }
  end

  def initialize(release, packages, name)
    @release = release
    @packages = packages
    @complete = File.join(Root.cache, name)
  end

  def prepare
    Root.alone(@complete) do
      make unless File.directory?(@complete)
      update
      name_loopback
    end
    self
  end

  # The directory gets its name when it is complete.
  def path
    File.directory?(@complete) ? @complete : "#{@complete}.new"
  end

  # Runs a shell command inside, with directories of this system mounted there. The mounts end with the command.
  # @return [Boolean, nil] whether it succeeded
  def run(command, mounts: {}, environment: {}, log: nil)
    words = VARIABLES.merge(environment).map { |name, value| "#{name}='#{value}'" }.join(" ")
    steps = mounting({ "/dev" => "/dev", **mounts })
    steps << %(exec chroot '#{path}' /usr/bin/env -i #{words} sh -euc "$1")
    streams = log ? { %i[out err] => [log, "a"] } : {}
    separate(["sh", "-euc", steps.join("\n"), "sh", command], streams)
  end

  private

  def mounting(directories)
    steps = directories.map { |from, to| "mkdir -p '#{path}#{to}' && mount --rbind '#{from}' '#{path}#{to}'" }
    [*steps, mounting_processes, "mount -t tmpfs tmpfs '#{path}/tmp'"]
  end

  def mounting_processes
    "mount -t proc proc '#{path}/proc'"
  end

  def separate(command, streams)
    system("unshare", "--mount", *command, **streams)
  end

  def log
    "#{@complete}.log"
  end

  def make
    abort "a root of #{@release} is made by debootstrap, which wants to be root" unless Process.uid.zero?
    FileUtils.rm_rf(path)
    puts "Making a root of #{@release} (#{log})"
    make_inside || abort("a root of #{@release} could not be made: see #{log}")
    File.rename(path, @complete)
  end

  def make_inside
    bootstrap && write_sources && install
  end

  # What a whole release is made of, to which others add.
  def base
    BASES.fetch(@release, @release)
  end

  def bootstrap
    debootstrap && write_settings
  end

  # What it mounts is gone if it is killed.
  def debootstrap(*options)
    system("unshare", "--mount", "debootstrap", "--variant=minbase", *options, base, path, Root.archive,
           out: log, err: log)
  end

  # A root that is lost is made again, so nothing is forced to the disk. The lists of what is no whole release may be
  # older than they say they are good for.
  def write_settings
    File.write("#{path}/etc/dpkg/dpkg.cfg.d/90roots", "force-unsafe-io\n")
    File.write("#{path}/etc/apt/apt.conf.d/90roots", %(Acquire::Check-Valid-Until "false";\n))
  end

  def write_sources
    File.write("#{path}/etc/apt/sources.list", Root.sources(@release).map { |line| "#{line}\n" }.join)
  end

  # Installs packages that were added to the lists after the root was created.
  def update
    wanted = File.join(path, "wanted")
    return if File.exist?(wanted) && (@packages - File.read(wanted, encoding: "UTF-8").split).empty?

    puts "Installing packages into #{path} (#{log})"
    install || abort("packages could not be installed: see #{log}")
  end

  # Starts no services. Packages that a release does not have are skipped.
  def install
    File.write("#{path}/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n", perm: 0o755)
    run(<<~SH, log: log) && note_packages
      export DEBIAN_FRONTEND=noninteractive
      for name in #{@packages.filter_map { |name| name[/:(.+)/, 1] }.uniq.join(' ')}; do
        dpkg --add-architecture "$name"
      done
      apt-get -qq update
      for name in #{@packages.join(' ')}; do
        if apt-cache show "$name" >/dev/null 2>&1; then echo "$name"; fi
      done >/packages
      xargs apt-get -y -qq --no-install-recommends install </packages
      apt-get clean
    SH
  end

  def note_packages
    File.write("#{path}/wanted", @packages.join("\n"))
  end

  # What is made by debootstrap knows no names.
  def name_loopback
    hosts = File.join(path, "etc", "hosts")
    File.write(hosts, "127.0.0.1 localhost\n::1 localhost\n") unless File.exist?(hosts)
  end
end
