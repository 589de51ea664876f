# frozen_string_literal: true

require "fileutils"
require "json"
require "rbconfig"

# Builds the native library with cargo, and copies it to where `require "eventmachine.so"` finds it.
module Native
  ROOT = File.expand_path("..", __dir__)
  DESTINATION = File.join(ROOT, "lib", "eventmachine.#{RbConfig::CONFIG['DLEXT']}")

  module_function

  # rb-sys compiles for the Ruby named by the variable RUBY.
  def environment
    { "RUBY" => RbConfig.ruby }
  end

  def target_directory
    metadata = IO.popen(%w[cargo metadata --format-version 1 --no-deps --offline], chdir: ROOT, &:read)
    raise "cargo metadata failed" unless $?.success?

    JSON.parse(metadata).fetch("target_directory")
  end

  def library
    name = Gem.win_platform? ? "eventmachine.dll" : "libeventmachine.#{RbConfig::CONFIG['SOEXT']}"
    File.join(target_directory, "release", name)
  end

  # Renames the file, so that processes which have mapped the old library keep it.
  def install(source)
    return if File.exist?(DESTINATION) && FileUtils.identical?(source, DESTINATION)

    temporary = File.join(File.dirname(DESTINATION), ".eventmachine.#{Process.pid}")
    FileUtils.cp(source, temporary)
    File.rename(temporary, DESTINATION)
  ensure
    FileUtils.rm_f(temporary) if temporary
  end
end

desc "Build the native library into lib/"
task :compile do
  sh(Native.environment, "cargo", "build", "--release", "--locked", "--package", "eventmachine")
  Native.install(Native.library)
end
