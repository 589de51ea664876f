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
  # How the core's tests are built, and libraries that are only tested: in one way, so that what both take is compiled
  # once, with the checks of debug builds, and with little of the optimizer, which would take longer than the tests.
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
    environment = { "CARGO_HOME" => "/mnt/cargo", "CARGO_TARGET_DIR" => "/mnt/build", **profile, **environment }
    root.run("cd /mnt/gem && cargo #{arguments}", mounts: mounts, environment: environment) || abort("cargo failed")
  end

  # How cargo is told to build more quickly than for a release.
  def profile
    ENV.to_h.select { |name, _| name.start_with?("CARGO_PROFILE_") }
  end

  # Builds the library for one Ruby, whose directory is mounted in /mnt/ruby.
  # @param flags [String] which target, and how
  # @return [String] its path
  def library(target, files, flags, environment)
    directory = directory(target.platform)
    path = File.join(directory, target.minor, "eventmachine.so")
    arguments = "build --release --locked --package eventmachine #{flags} #{Provider.features}"
    Fresh.keep(path, arguments, environment, profile) do
      ruby = RubyWrapper.write(File.dirname(path), target, ruby: "/usr/bin/ruby", seen: "/mnt/build/#{target.minor}")
      cargo(target.platform, arguments, { "RUBY" => ruby, **environment }, { files => "/mnt/ruby" })
      Library.keep(File.join(directory, triple(flags), "release", "libeventmachine.so"), path)
    end
  end

  # Builds the core's tests.
  # @param provider [String] the cryptography
  # @return [Array<String>] programs, below the platform's directory
  def tests(platform, provider, flags, environment)
    words = "--package em-reactor --locked #{flags} #{Provider.features(provider)} #{Provider.tests(provider)}"
    cargo(platform, "test --release --no-run #{words} --message-format json-render-diagnostics >/mnt/build/tests.json",
          { **QUICK, **environment })
    File.readlines(File.join(directory(platform), "tests.json"), encoding: "UTF-8").filter_map do |line|
      JSON.parse(line)["executable"]&.delete_prefix("/mnt/build/")
    end
  end

  def triple(flags)
    flags[/--target (\S+)/, 1]
  end
end
