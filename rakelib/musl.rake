# frozen_string_literal: true

# Linux on x86-64 with musl: the library is cross-compiled, and run by Rubies that are linked to musl.
module Musl
  PLATFORM = "x86_64-linux-musl"
  # Debian has no standard library for it, but its source.
  FLAGS = "--target x86_64-unknown-linux-musl -Zbuild-std=std,panic_unwind,test"
  ENVIRONMENT = {
    "RUSTC_BOOTSTRAP" => "1", "ZIG_GLOBAL_CACHE_DIR" => "/mnt/build/zig",
    "CC_x86_64_unknown_linux_musl" => "musl-gcc",
    "BINDGEN_EXTRA_CLANG_ARGS_x86_64_unknown_linux_musl" =>
      "-I/usr/include/x86_64-linux-musl -isystem /mnt/build/headers",
    "CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_LINKER" => "/mnt/build/linker",
    "CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_RUSTFLAGS" => "-Ctarget-feature=-crt-static -Clink-self-contained=no"
  }.freeze
  # Its posix_spawn(3) starts no shell for a script that does not name its interpreter.
  CORE_EXCEPTIONS = %w[a_script_without_an_interpreter_line_is_run_by_the_shell].freeze
  # What the specs take.
  PACKAGES = %w[ca-certificates curl gnutls-bin iproute2 musl nginx-light openssl procps ruby-rspec
                ruby-test-unit].freeze
  # Where RubyGems finds Debian's. Other platforms run beside it, so limits are longer.
  TEST_ENVIRONMENT = { "GEM_PATH" => "/usr/share/rubygems-integration/all", "SPEC_PATIENCE" => "4" }.freeze
  ZIG = "/opt/zig"
  # Debian's unwinder is linked to glibc, so zig links its own.
  LINKER = <<~SH.freeze
    #!/bin/bash
    words=()
    for word; do
      case $word in
        -lgcc_s | -lgcc_eh) words+=(-lunwind) ;;
        -lgcc | --target=* | -Wl,-plugin*) ;;
        *) words+=("$word") ;;
      esac
    done
    exec #{ZIG}/ziglang/zig cc -target x86_64-linux-musl "${words[@]}"
  SH

  module_function

  # @return [Array<Target>] the Rubies that are built
  def targets
    MuslRuby.minors.map { |minor| Target.built(minor, MuslRuby::PREFIX, PLATFORM) }
  end

  # @return [Array<Target>] the newest Ruby, or those that the variable RUBIES names, where the specs run
  def tested
    (ENV.key?("RUBIES") ? targets : targets.last(1)).map do |target|
      Target.new(**target.to_h, root: place(target.minor, PACKAGES, "bookworm-musl"), environment: TEST_ENVIRONMENT)
    end
  end

  # @return [Hash{String => Place}] systems with Ruby and nothing else
  def bare_roots
    MuslRuby.minors.to_h { |minor| ["Ruby #{minor} on #{PLATFORM}", place(minor, %w[musl], "bookworm-musl-bare")] }
  end

  def place(minor, packages, name)
    Place.new(root: Root.with(Cross::RELEASE, packages, name),
              mounts: { MuslRuby.directory(minor) => MuslRuby::PREFIX },
              environment: { "PATH" => "#{MuslRuby::PREFIX}/bin:#{Root::VARIABLES.fetch('PATH')}" })
  end

  # @return [String] the path of the library for one Ruby
  def library(target)
    install_linker
    path = Cross.library(target, MuslRuby.directory(target.minor), FLAGS, ENVIRONMENT)
    needed = IO.popen(["readelf", "--dynamic", path], &:read).scan(/\(NEEDED\).*\[(.+)\]/).flatten
    needed == ["libc.so"] ? path : abort("#{path} wants more than musl: #{needed.join(', ')}")
  end

  # @return [Array<String>] programs, below the platform's directory
  def core_tests(provider)
    install_linker
    Cross.tests(PLATFORM, provider, FLAGS, ENVIRONMENT)
  end

  def install_linker
    Zig.install(ZIG, "0.13.0")
    File.write(File.join(Cross.directory(PLATFORM), "linker"), LINKER, perm: 0o755)
  end
end
