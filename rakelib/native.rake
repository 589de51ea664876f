# frozen_string_literal: true

require "fileutils"
require "rubygems/package"
require "tmpdir"

# The precompiled gem, with a library for each minor version of Ruby.
module Precompiled
  # The oldest supported glibc: libraries must not need symbols of newer versions.
  GLIBC = "2.34"
  # More patch releases than any minor version of Ruby will have.
  RELEASES = (0..29).freeze

  module_function

  # @return [String] the path of the gem
  def build(targets)
    abort "RUBIES names none that is here" if targets.empty?

    Dir.mktmpdir("eventmachine-native") do |directory|
      specification = specification(targets)
      specification.files.each { |path| copy(path, File.join(directory, path)) unless path.end_with?(".so") }
      targets.each { |target| copy(library(target), File.join(directory, inside_gem(target))) }
      Dir.chdir(directory) { Gem::Package.build(specification) }
      name = specification.file_name
      copy(File.join(directory, name), File.join(Native::ROOT, "pkg", name))
      File.join("pkg", name)
    end
  end

  def specification(targets)
    Gem::Specification.load(File.join(Native::ROOT, "eventmachine.gemspec")).dup.tap do |specification|
      specification.platform = Gem::Platform.new(platform)
      specification.extensions = []
      specification.requirements = []
      specification.required_ruby_version = bounds(targets)
      specification.files = specification.files.grep_v(%r{\A(ext/|\.cargo/|Cargo\.)}) +
                            targets.map { |target| inside_gem(target) }
    end
  end

  def platform
    "#{RbConfig::CONFIG['host_cpu']}-#{RbConfig::CONFIG['host_os'][/\A[a-z]+/]}"
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

  # Builds the library for one Ruby, in a directory of its own.
  # @return [String] its path
  def library(target)
    directory = File.join(Native.target_directory, "native")
    path = File.join(directory, target.minor, "eventmachine.so")
    cargo(directory, target.host? ? RbConfig.ruby : wrapper(target, File.dirname(path)))
    copy(File.join(directory, "release", "libeventmachine.so"), path)
    check(path)
    path
  end

  def cargo(directory, ruby)
    environment = { "RUBY" => ruby, "CARGO_TARGET_DIR" => directory }
    command = %w[cargo build --release --locked --package eventmachine]
    system(environment, *command, chdir: Native::ROOT) || abort("cargo failed")
  end

  # rb-sys runs this to learn about a Ruby. It is our Ruby with the other one's rbconfig.rb, so nothing of that root
  # is run, and its glibc may be newer.
  def wrapper(target, work)
    FileUtils.mkdir_p(work)
    File.write("#{work}/version.rb", <<~RUBY)
      Object.__send__(:remove_const, :RUBY_VERSION)
      RUBY_VERSION = "#{target.minor}.0"
    RUBY
    File.write("#{work}/ruby", <<~SH)
      #!/bin/sh
      exec '#{RbConfig.ruby}' -I '#{File.dirname(target.rbconfig)}' -r '#{work}/version.rb' "$@"
    SH
    File.chmod(0o755, "#{work}/ruby")
    "#{work}/ruby"
  end

  # Checks that a library needs no newer glibc than promised.
  def check(path)
    symbols = IO.popen(["objdump", "--dynamic-syms", path], &:readlines)
    raise "objdump failed" unless $?.success?

    floor = Gem::Version.new(GLIBC)
    newer = symbols.select do |line|
      version = line[/GLIBC_([\d.]+)/, 1]
      version && Gem::Version.new(version) > floor
    end
    abort "#{path} wants a newer glibc than #{GLIBC}:\n#{newer.join}" if newer.any?
  end
end

# Installs the gem on a system that has only Ruby.
module BareSystem
  PROGRAM = <<~RUBY
    require "eventmachine"
    pp EM.library_info
    class Echo < EM::Connection
      def receive_data(data) = send_data(data)
    end
    class Ask < EM::Connection
      def post_init = send_data("hello")
      def receive_data(data) = (puts(data); EM.stop)
    end
    EM.run do
      server = EM.start_server("127.0.0.1", 0, Echo)
      EM.connect("127.0.0.1", EM.get_sockname(server).unpack1("x2n"), Ask)
    end
  RUBY

  module_function

  def try(release, gem)
    root = Roots.path(release, %w[ruby], "#{release}-bare")
    puts "== #{release}, with Ruby only"
    Dir.mktmpdir("eventmachine-bare") do |directory|
      FileUtils.cp(gem, directory)
      File.write(File.join(directory, "try.rb"), PROGRAM)
      Roots.run(root, commands(File.basename(gem)), mounts: { directory => "/mnt/gem" }) || abort("it failed")
    end
  end

  def commands(gem)
    <<~SH
      for program in cargo cc gcc make clang; do
        if command -v $program; then exit 1; fi
      done
      ruby --version; gem --version | sed 's/^/RubyGems /'
      export GEM_HOME=/tmp/gems
      bash -ec 'TIMEFORMAT="installed in %R s, of which %U s processor time of its own and %S s of the system"
        time gem install --local --no-document /mnt/gem/#{gem}'
      ruby -W /mnt/gem/try.rb
    SH
  end
end

desc "Build the precompiled gem for this platform into pkg/ (RUBIES=3.1 to pick)"
task native: :licenses do
  picked = ENV["RUBIES"]&.split(",")
  targets = Rubies.targets.select { |target| picked.nil? || picked.include?(target.minor) }
  path = Precompiled.build(targets)
  puts "#{path}: #{File.size(path)} bytes"
end

namespace :native do
  desc "Install the precompiled gem on systems that have Ruby and nothing else"
  task :try do
    gem = Dir.glob("pkg/eventmachine-*-#{Precompiled.platform}.gem").max_by { |path| File.mtime(path) }
    abort "no gem in pkg/: run rake native" unless gem
    ["bookworm", *Rubies::RELEASES.values].each { |release| BareSystem.try(release, gem) }
  end
end
