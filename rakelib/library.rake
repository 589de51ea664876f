# frozen_string_literal: true

require "fileutils"

# Builds the library for one Ruby with this system's compilers, in a directory of its own.
module Library
  # The oldest supported glibc: libraries must not need symbols of newer versions.
  GLIBC = "2.34"

  module_function

  # @return [String] its path
  def build(target)
    directory = File.join(Native.target_directory, "native")
    path = File.join(directory, target.minor, "eventmachine.so")
    cargo(directory, target.host? ? RbConfig.ruby : RubyWrapper.write(File.dirname(path), target))
    keep(File.join(directory, "release", "libeventmachine.so"), path)
  end

  def cargo(directory, ruby)
    headers = "-isystem #{Headers.write(File.join(directory, 'headers'))}"
    environment = { "RUBY" => ruby, "CARGO_TARGET_DIR" => directory, "BINDGEN_EXTRA_CLANG_ARGS" => headers }
    command = ["cargo", "build", "--release", "--locked", "--package", "eventmachine", *Provider.features.split]
    system(environment, *command, chdir: Native::ROOT) || abort("cargo failed")
  end

  # Where the next build leaves it alone.
  def keep(built, path)
    FileUtils.mkdir_p(File.dirname(path))
    FileUtils.cp(built, path)
    check(path)
    path
  end

  # Checks that a library needs no newer glibc than promised.
  def check(path)
    symbols = IO.popen(["readelf", "--wide", "--dyn-syms", path], &:readlines)
    raise "readelf failed" unless $?.success?

    floor = Gem::Version.new(GLIBC)
    newer = symbols.select do |line|
      version = line[/GLIBC_([\d.]+)/, 1]
      version && Gem::Version.new(version) > floor
    end
    abort "#{path} wants a newer glibc than #{GLIBC}:\n#{newer.join}" if newer.any?
  end
end

# What rb-sys runs to learn about a Ruby. It is a Ruby of the system that builds, with the other one's rbconfig.rb:
# nothing of the other system is run, whose glibc may be newer, or for another processor.
module RubyWrapper
  module_function

  # @param seen [String] what the directory is called where it is run
  # @return [String] the path of the program there
  def write(directory, target, ruby: RbConfig.ruby, seen: directory)
    FileUtils.mkdir_p(directory)
    File.write("#{directory}/version.rb", <<~RUBY)
      Object.__send__(:remove_const, :RUBY_VERSION)
      RUBY_VERSION = "#{target.minor}.0"
    RUBY
    File.write("#{directory}/ruby", <<~SH, perm: 0o755)
      #!/bin/sh
      exec '#{ruby}' -I '#{File.dirname(target.rbconfig)}' -r '#{seen}/version.rb' "$@"
    SH
    "#{seen}/ruby"
  end
end
