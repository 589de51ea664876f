# frozen_string_literal: true

require "fileutils"
require "json"

# Compiles for other platforms, by cargo in a root of Debian 12, whose glibc is old and whose Rust has the standard
# library for them.
module Cross
  RELEASE = "bookworm"
  PACKAGES = %w[
    autoconf automake binutils bzip2 ca-certificates cargo-web g++ gcc gcc-aarch64-linux-gnu libc6-dev
    libc6-dev-arm64-cross libclang-dev libstd-rust-web-dev:arm64 libtool make musl-dev:arm64 musl-tools perl python3-pip
    ruby rust-web-src rustc-web xz-utils
  ].freeze
  # How the core's tests are built, and libraries to be tested: in one way, so that what both take is compiled once,
  # with the checks of debug builds, and with little of the optimizer, which would take longer than the tests.
  QUICK = { "LTO" => "off", "CODEGEN_UNITS" => "16", "OPT_LEVEL" => "1", "DEBUG" => "0", "DEBUG_ASSERTIONS" => "true",
            "OVERFLOW_CHECKS" => "true" }.transform_keys { |name| "CARGO_PROFILE_RELEASE_#{name}" }.freeze
  # This system's, to verify the registry of crates.
  CERTIFICATES = "/etc/ssl/certs"

  module_function

  def root
    Root.with(RELEASE, PACKAGES, "#{RELEASE}-cross")
  end

  # @return [String] where a platform's libraries are built
  def directory(platform)
    File.join(Native.target_directory, platform).tap { |path| FileUtils.mkdir_p(path) }
  end

  # Runs cargo with the checkout in /mnt/gem, and the directory of the platform in /mnt/build.
  def cargo(platform, arguments, environment, mounts = {})
    directory = directory(platform)
    Headers.write(File.join(directory, "headers"))
    crates = File.join(Root.cache, "cargo").tap { |path| FileUtils.mkdir_p(path) }
    mounts = { Native::ROOT => "/mnt/gem", directory => "/mnt/build", crates => "/mnt/cargo",
               CERTIFICATES => CERTIFICATES, **mounts }
    environment = { "CARGO_HOME" => "/mnt/cargo", "CARGO_TARGET_DIR" => "/mnt/build", **environment }
    root.run("cd /mnt/gem && cargo #{arguments}", mounts: mounts, environment: environment) || abort("cargo failed")
  end

  # @return [Hash{String => String}] variables that tell cargo how to build: as for a release unless they are set
  def profile(quick: false)
    set = ENV.to_h.select { |name, _| name.start_with?("CARGO_PROFILE_") }
    quick ? { **QUICK, **set } : set
  end

  # A library as it is released; or one to be tested, which is the released one if that is there.
  # @yieldparam path [String] where it is to be put
  # @yieldparam profile [Hash]
  # @return [String] its path
  def keep(target, quick, *circumstances)
    place = ->(*words) { File.join(directory(target.platform), *words, target.minor, "eventmachine.so") }
    released = place.call
    return released if quick && Fresh.kept?(released, *circumstances, profile)

    path = quick ? place.call("quick") : released
    settings = profile(quick: quick)
    Fresh.keep(path, *circumstances, settings) { yield path, settings }
  end

  # Builds the library for one Ruby, whose directory is mounted in /mnt/ruby.
  # @param flags [String] which target, and how
  # @return [String] its path
  def library(target, files, flags, environment, quick: false)
    directory = directory(target.platform)
    arguments = "build --release --locked --package eventmachine #{flags} #{Provider.features}"
    keep(target, quick, arguments, environment) do |path, profile|
      ruby = wrapper(directory, target)
      cargo(target.platform, arguments, { "RUBY" => ruby, **profile, **environment }, { files => "/mnt/ruby" })
      Library.keep(File.join(directory, triple(flags), "release", "libeventmachine.so"), path)
    end
  end

  # @return [String] the path of what rb-sys runs, where the platform's directory is mounted
  def wrapper(directory, target)
    RubyWrapper.write(File.join(directory, target.minor), target, ruby: "/usr/bin/ruby",
                                                                  seen: "/mnt/build/#{target.minor}")
  end

  # Builds the core's tests.
  # @param provider [String] the cryptography
  # @return [Array<String>] programs, below the platform's directory
  def tests(platform, provider, flags, environment)
    words = "--package em-reactor --locked #{flags} #{Provider.features(provider)} #{Provider.tests(provider)}"
    cargo(platform, "test --release --no-run #{words} --message-format json-render-diagnostics >/mnt/build/tests.json",
          { **profile(quick: true), **environment })
    File.readlines(File.join(directory(platform), "tests.json"), encoding: "UTF-8").filter_map do |line|
      JSON.parse(line)["executable"]&.delete_prefix("/mnt/build/")
    end
  end

  def triple(flags)
    flags[/--target (\S+)/, 1]
  end
end
