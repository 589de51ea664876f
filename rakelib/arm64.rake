# frozen_string_literal: true

# Linux on ARM64: the library is cross-compiled, and run by an emulator.
module Arm64
  PLATFORM = "aarch64-linux"
  ARCHITECTURE = "arm64"
  FLAGS = "--target aarch64-unknown-linux-gnu"
  TOOL = "aarch64-linux-gnu"
  ENVIRONMENT = {
    "CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER" => "#{TOOL}-gcc",
    "CC_aarch64_unknown_linux_gnu" => "#{TOOL}-gcc",
    "AR_aarch64_unknown_linux_gnu" => "#{TOOL}-ar",
    "BINDGEN_EXTRA_CLANG_ARGS_aarch64_unknown_linux_gnu" => "-I/usr/#{TOOL}/include -isystem /mnt/build/headers"
  }.freeze
  # What the specs take.
  PACKAGES = %w[curl gnutls-bin iproute2 nginx-light openssl procps ruby ruby-rspec ruby-test-unit].freeze
  # Tests of the core that the emulator fails.
  CORE_EXCEPTIONS = [
    # It knows no filters of system calls (seccomp).
    "datagrams_go_one_by_one_where_batches_are_not_permitted",
    "datagrams_go_one_by_one_where_batches_are_not_implemented",
    # Its posix_spawn(3) succeeds for a program that is missing, and the child ends with 127.
    "a_missing_program_is_a_child_that_exits_with_255",
    "a_script_without_an_interpreter_line_is_run_by_the_shell"
  ].freeze
  # The emulator is slower than a processor: limits are longer, and the core's tests have fewer random inputs.
  TEST_ENVIRONMENT = { "SPEC_PATIENCE" => "10", "SEEDS" => "1-10", "FUZZ_ROUNDS" => "40" }.freeze

  # Of these files one in so many runs, unless FULL is set: all of them take 13 minutes.
  SHARES = { "integration" => 4 }.freeze

  module_function

  def targets
    Rubies.minors.map do |minor|
      rbconfig = "/mnt/ruby/usr/lib/#{TOOL}/ruby/#{minor}.0/rbconfig.rb"
      Target.new(minor: minor, rbconfig: rbconfig, platform: PLATFORM)
    end
  end

  def library(target, quick: false)
    Cross.library(target, ForeignRuby.directory(target.minor, ARCHITECTURE), FLAGS, ENVIRONMENT, quick: quick)
  end

  # @return [Array<String>] with which the core's tests run
  def providers
    Provider.wanted
  end

  # @return [Array<String>] programs, below the platform's directory
  def core_tests(provider)
    Cross.tests(PLATFORM, provider, FLAGS, ENVIRONMENT)
  end

  # @return [Array<String>] tests that are left out
  def core_exceptions
    CORE_EXCEPTIONS
  end

  # @return [Hash{String => Integer}] of the files of which specs one in how many runs
  def shares
    SHARES
  end

  # @return [Array<Target>] the oldest Ruby, or those that the variable RUBIES names, in the roots of their releases
  def tested
    (ENV.key?("RUBIES") ? targets : targets.first(1)).map do |target|
      Target.new(**target.to_h, root: root(target.minor), environment: TEST_ENVIRONMENT)
    end
  end

  def root(minor)
    release = Rubies::RELEASES.fetch(minor, Cross::RELEASE)
    name = "#{release}-#{ARCHITECTURE}"
    Rubies.programs_find(minor, Root.with(release, [*PACKAGES, "ruby#{minor}"], name, architecture: ARCHITECTURE))
  end

  # @return [Hash{String => Root}] systems with Ruby and nothing else
  def bare_roots
    Rubies.minors.to_h { |minor| ["Ruby #{minor} on #{PLATFORM}", Rubies.bare_root(minor, ARCHITECTURE)] }
  end
end
