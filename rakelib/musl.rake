# frozen_string_literal: true

# Linux with musl, on one kind of processor: the library is cross-compiled, and run by Rubies that are linked to musl.
class Musl
  # Its posix_spawn(3) starts no shell for a script that does not name its interpreter.
  CORE_EXCEPTIONS = %w[a_script_without_an_interpreter_line_is_run_by_the_shell].freeze
  # What the specs take.
  PACKAGES = %w[ca-certificates curl gnutls-bin iproute2 musl nginx-light openssl procps ruby-rspec
                ruby-test-unit].freeze
  # Where RubyGems finds Debian's. Other platforms run beside it, so limits are longer.
  TEST_ENVIRONMENT = { "GEM_PATH" => "/usr/share/rubygems-integration/all", "SPEC_PATIENCE" => "4" }.freeze
  ZIG = "/opt/zig"

  # @return [Hash{String => Musl}] by the names of their platforms
  def self.all
    MuslSystem.all.to_h { |system| [system.platform, new(system)] }
  end

  def initialize(system)
    @system = system
  end

  # @return [Array<Target>] the Rubies that are built
  def targets
    MuslRuby.minors.map { |minor| Target.built(minor, MuslRuby::PREFIX, @system.platform) }
  end

  # @return [Array<Target>] the newest Ruby, or those that the variable RUBIES names, where the specs run
  def tested
    (ENV.key?("RUBIES") ? targets : targets.last(1)).map do |target|
      Target.new(**target.to_h, root: place(target.minor, PACKAGES), environment: test_environment)
    end
  end

  # @return [Hash{String => Place}] systems with Ruby and nothing else
  def bare_roots
    MuslRuby.minors.to_h { |minor| ["Ruby #{minor} on #{@system.platform}", place(minor, %w[musl], "bare")] }
  end

  # @return [String] the path of the library for one Ruby
  def library(target, quick: false)
    install_linker
    path = Cross.library(target, MuslRuby.directory(@system, target.minor), flags, environment, quick: quick)
    needed = IO.popen(["readelf", "--dynamic", path], &:read).scan(/\(NEEDED\).*\[(.+)\]/).flatten
    needed == ["libc.so"] ? path : abort("#{path} wants more than musl: #{needed.join(', ')}")
  end

  # @return [Array<String>] with which the core's tests run: all, if FULL is set
  def providers
    ENV["FULL"] ? Provider.wanted : [Provider.picked]
  end

  # @return [Array<String>] programs, below the platform's directory
  def core_tests(provider)
    install_linker
    Cross.tests(@system.platform, provider, flags, environment)
  end

  # @return [Array<String>] tests that are left out
  def core_exceptions
    @system.architecture ? CORE_EXCEPTIONS | Arm64::CORE_EXCEPTIONS : CORE_EXCEPTIONS
  end

  # @return [Hash{String => Integer}] as of {Arm64.shares}
  def shares
    @system.architecture ? Arm64.shares : {}
  end

  private

  def test_environment
    @system.architecture ? { **TEST_ENVIRONMENT, **Arm64::TEST_ENVIRONMENT } : TEST_ENVIRONMENT
  end

  def place(minor, packages, *kind)
    name = [@system.kept("#{Cross::RELEASE}-musl"), *kind].join("-")
    Place.new(root: Root.with(Cross::RELEASE, packages, name, architecture: @system.architecture),
              mounts: { MuslRuby.directory(@system, minor) => MuslRuby::PREFIX },
              environment: { "PATH" => "#{MuslRuby::PREFIX}/bin:#{Root::VARIABLES.fetch('PATH')}" })
  end

  # Debian has no standard library for it, but its source.
  def flags
    "--target #{@system.triple} -Zbuild-std=std,panic_unwind,test"
  end

  def environment
    name = @system.triple.tr("-", "_")
    { "RUSTC_BOOTSTRAP" => "1", "ZIG_GLOBAL_CACHE_DIR" => "/mnt/build/zig",
      "CC_#{name}" => "#{@system.platform}-gcc", "CFLAGS_#{name}" => @system.flags,
      "AR_#{name}" => @system.tool("ar"),
      "BINDGEN_EXTRA_CLANG_ARGS_#{name}" => "-I/usr/include/#{@system.platform} -isystem /mnt/build/headers",
      "CARGO_TARGET_#{name.upcase}_LINKER" => "/mnt/build/linker",
      "CARGO_TARGET_#{name.upcase}_RUSTFLAGS" => "-Ctarget-feature=-crt-static -Clink-self-contained=no" }
  end

  def install_linker
    Zig.install(ZIG, "0.13.0")
    Zig.tool(Cross.directory(@system.platform), "linker", linker)
  end

  # Debian's unwinder is linked to glibc, so zig links its own.
  def linker
    <<~SH
      #!/bin/bash
      words=()
      for word; do
        case $word in
          -lgcc_s | -lgcc_eh) words+=(-lunwind) ;;
          -lgcc | --target=* | -Wl,-plugin*) ;;
          *) words+=("$word") ;;
        esac
      done
      exec #{ZIG}/ziglang/zig cc -target #{@system.platform} "${words[@]}"
    SH
  end
end
