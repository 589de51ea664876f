# frozen_string_literal: true

require "fileutils"

# Windows on x86-64: compiled by mingw-w64 for the C library that RubyInstaller's Rubies use, and run by wine.
module Windows
  PLATFORM = "x64-mingw-ucrt"
  TRIPLE = "x86_64-pc-windows-gnu"
  TOOL = "x86_64-w64-mingw32ucrt"
  # Debian has the standard library for it only as source, of its own release of Rust.
  RELEASE = "trixie"
  PACKAGES = %w[
    binutils ca-certificates cargo dpkg-dev gcc gcc-mingw-w64-ucrt64 libc6-dev libclang-dev
    libz-mingw-w64-dev make ruby rust-src rustc wine64
  ].freeze
  ENVIRONMENT = {
    "CARGO_HOME" => "/mnt/cargo", "CARGO_TARGET_DIR" => "/mnt/build", "RUSTC_BOOTSTRAP" => "1",
    "CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER" => "#{TOOL}-gcc", "RUSTFLAGS" => "-Lnative=/mnt/build/mingw",
    "CC_x86_64_pc_windows_gnu" => "#{TOOL}-gcc", "AR_x86_64_pc_windows_gnu" => "#{TOOL}-ar",
    "BINDGEN_EXTRA_CLANG_ARGS_x86_64_pc_windows_gnu" => "--target=x86_64-w64-mingw32 -isystem /usr/#{TOOL}/include " \
                                                        "-isystem /usr/lib/llvm-19/lib/clang/19/include",
    # The assembler for Windows is not asked for: the crate has what it makes.
    "AWS_LC_SYS_PREBUILT_NASM" => "1"
  }.freeze
  SUITES = { "smoke" => "ruby -W -Ilib rakelib/smoke.rb",
             "specs" => "ruby spec/windows/runner.rb --no-color" }.freeze
  # The libraries that all Windows have, from 10 on.
  SYSTEM = /\A(?:api-ms-win-(?:core|crt)-.+|advapi32|bcryptprimitives|crypt32|kernel32|ncrypt|ntdll|secur32|userenv|
            ws2_32)\.dll\z/ix
  # What comes with the standard library where that is no source: the objects that programs begin and end with, and
  # the unwinder. Rust calls two tools by the names that they have for the older C library.
  PREPARE = <<~SH.freeze
    objects=/usr/lib/rustlib/#{TRIPLE}/lib
    mkdir -p "$objects" /mnt/build/mingw
    for name in rsbegin rsend; do
      if ! [ -e "$objects/$name.o" ]; then
        rustc --target #{TRIPLE} --emit=obj -o "$objects/$name.o" /usr/lib/rustlib/src/rust/library/rtstartup/$name.rs
      fi
    done
    for name in dlltool as; do
      ln -sf "$(command -v #{TOOL}-$name)" /usr/local/bin/x86_64-w64-mingw32-$name
    done
    ln -sf "$(#{TOOL}-gcc -print-file-name=libgcc_eh.a)" /mnt/build/mingw/
    cd /mnt/gem
  SH

  module_function

  def root
    Root.with(RELEASE, PACKAGES, "#{RELEASE}-windows")
  end

  # @return [Hash{String => String}] commands by their names
  def suites
    SUITES
  end

  # A shell script that runs cargo with the checkout in /mnt/gem, and the platform's directory in /mnt/build.
  def cargo(command, arguments)
    "#{PREPARE}cargo #{command} --locked --target #{TRIPLE} -Zbuild-std=std,panic_unwind,test #{arguments}"
  end

  def mounts
    crates = File.join(Root.cache, "cargo").tap { |path| FileUtils.mkdir_p(path) }
    { Native::ROOT => "/mnt/gem", Cross.directory(PLATFORM) => "/mnt/build", crates => "/mnt/cargo",
      Cross::CERTIFICATES => Cross::CERTIFICATES }
  end

  # Runs the core's tests by wine.
  # @return [Boolean, nil] whether they succeeded
  def test_core
    Wine.run(root, cargo("test", "--release --package em-reactor --no-fail-fast -- --test-threads=1"), mounts,
             { **ENVIRONMENT, **Cross.profile(quick: true) })
  end

  # @return [Array<Target>] the Rubies that are built
  def targets
    WindowsRuby.minors.map { |minor| Target.built(minor, WindowsRuby::PREFIX, PLATFORM) }
  end

  # @return [Array<Target>] the Rubies, where the specs run
  def tested
    targets.map do |target|
      Target.new(**target.to_h, root: WineSystem.new(target.minor), environment: { "SPEC_PATIENCE" => "4" })
    end
  end

  # @return [Hash{String => WineSystem}] systems with Ruby
  def bare_roots
    targets.to_h { |target| [target.to_s, WineSystem.new(target.minor)] }
  end

  # @return [String] the path of the library for one Ruby
  def library(target, quick: false)
    directory = Cross.directory(PLATFORM)
    command = cargo("build", "--release --package eventmachine")
    Cross.keep(target, quick, command, ENVIRONMENT) do |path, profile|
      root.run(command, mounts: { **mounts, WindowsRuby.directory(target.minor) => WindowsRuby::PREFIX },
                        environment: { **ENVIRONMENT, **profile, "RUBY" => Cross.wrapper(directory, target) }) ||
        abort("cargo failed")
      keep(File.join(directory, TRIPLE, "release", "eventmachine.dll"), path, target.minor)
    end
  end

  # Where the next build leaves it alone.
  def keep(built, path, minor)
    FileUtils.mkdir_p(File.dirname(path))
    FileUtils.cp(built, path)
    lacking = needed(path).grep_v(SYSTEM) - [WindowsRuby.library(minor)]
    lacking.empty? ? path : abort("#{path} wants more than Windows and Ruby: #{lacking.join(', ')}")
  end

  # @return [Array<String>] the libraries that one is linked to
  def needed(path)
    IO.popen(["objdump", "--private-headers", path], &:read).scan(/DLL Name: (\S+)/).flatten
  end
end

namespace :platforms do
  namespace :windows do
    desc "Run the core's tests for Windows by wine"
    task(:core) { Windows.test_core || abort("the core's tests failed") }
  end
end
