# frozen_string_literal: true

require "fileutils"
require "json"
require "rubygems/package"
require "tmpdir"

# A variant of the source gem that contains its crates, and compiles without a network.
module Vendored
  # Platforms that it can be compiled on. Crates for other platforms only are empty.
  PLATFORMS = %w[
    x86_64-unknown-linux-gnu x86_64-unknown-linux-musl aarch64-unknown-linux-gnu aarch64-unknown-linux-musl
    x86_64-apple-darwin aarch64-apple-darwin x86_64-unknown-freebsd
  ].freeze
  # Relative to the directory that contains .cargo.
  SOURCES = <<~TOML

    [source.crates-io]
    replace-with = "vendored"

    [source.vendored]
    directory = "vendor"
  TOML

  module_function

  # @return [String] the path of the gem
  def build
    Dir.mktmpdir("eventmachine-vendor") do |directory|
      specification = Gem::Specification.load("eventmachine.gemspec").dup
      specification.files.each { |path| copy(path, File.join(directory, path)) }
      vendor(directory)
      specification.files += Dir.glob("vendor/**/*", File::FNM_DOTMATCH, base: directory)
                                .select { |path| File.file?(File.join(directory, path)) }.sort
      package(specification, directory)
    end
  end

  def vendor(directory)
    crates = File.join(directory, "vendor")
    command = %w[cargo vendor --locked --quiet --versioned-dirs]
    system(*command, crates, out: File::NULL) || abort("cargo vendor failed")
    File.write(File.join(directory, ".cargo/config.toml"), SOURCES, mode: "a")
    needed = PLATFORMS.flat_map { |platform| needed_on(platform) }.uniq
    (Dir.children(crates) - needed).each { |name| hollow(File.join(crates, name)) }
  end

  def package(specification, directory)
    name = "#{specification.full_name}-vendored.gem"
    Dir.chdir(directory) { Gem::Package.build(specification, false, false, name) }
    copy(File.join(directory, name), File.join("pkg", name))
    File.join("pkg", name)
  end

  # @return [Array<String>] the crates, as name-version, that compiling for a platform takes
  def needed_on(platform)
    command = %w[cargo metadata --format-version 1 --locked --filter-platform]
    metadata = JSON.parse(IO.popen([*command, platform], &:read))
    raise "cargo metadata failed" unless $?.success?

    ids = Licenses.reached_from("eventmachine", metadata) { |kind| kind != "dev" }
    metadata.fetch("packages").select { |package| ids.include?(package["id"]) }
            .map { |package| "#{package['name']}-#{package['version']}" }
  end

  # cargo requires every crate of Cargo.lock, with its manifest, but compiles only those that the platform needs.
  def hollow(crate)
    manifest = File.read(File.join(crate, "Cargo.toml"), encoding: "UTF-8")
    checksums = File.read(File.join(crate, ".cargo-checksum.json"), encoding: "UTF-8")
    checksum = JSON.parse(checksums).fetch("package")
    FileUtils.rm_rf(crate)
    FileUtils.mkdir_p(File.join(crate, "src"))
    File.write(File.join(crate, "Cargo.toml"), manifest)
    File.write(File.join(crate, "src", "lib.rs"), "")
    File.write(File.join(crate, ".cargo-checksum.json"), JSON.generate(files: {}, package: checksum))
  end

  def copy(from, to)
    FileUtils.mkdir_p(File.dirname(to))
    FileUtils.cp(from, to)
  end
end

namespace :vendor do
  desc "Build the source gem with its crates inside, to be compiled without a network, into pkg/"
  task gem: :licenses do
    path = Vendored.build
    puts "#{path}: #{File.size(path)} bytes"
  end
end
