# frozen_string_literal: true

require "fileutils"
require "rbconfig"

# The specs with a library that AddressSanitizer watches: memory that is freed, or not the library's, is not touched.
module Sanitized
  # What sanitizers of the compiler's do needs a target that is named, so that build scripts go without.
  TARGET = "x86_64-unknown-linux-gnu"
  # A copy of the checkout, in which the library is the one that is watched.
  COPY = File.join(Native::ROOT, "tmp", "sanitized")
  # Reports, each with the number of its process.
  REPORTS = File.join(COPY, "reports")
  # Nothing that the optimiser could hide is hidden, and it compiles in half the time.
  ENVIRONMENT = {
    # Ruby's exceptions leave Rust's frames by longjmp(3), which on the stack of a fiber is not noticed: it would be
    # taken for in use afterwards.
    "RUSTC_BOOTSTRAP" => "1", "RUSTFLAGS" => "-Zsanitizer=address -Cllvm-args=-asan-stack=0",
    "CARGO_PROFILE_RELEASE_LTO" => "off", "CARGO_PROFILE_RELEASE_CODEGEN_UNITS" => "16",
    "CARGO_PROFILE_RELEASE_OPT_LEVEL" => "1", "CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS" => "true"
  }.freeze
  # How many times longer examples may take. IO#read lets its string grow by 8 KiB, which is copied each time here: 9 MB
  # take 13 s, not 0.03.
  PATIENCE = "20"
  # Ruby gives nothing back at its end, its collector reads stacks as they are, and its threads have signal stacks.
  OPTIONS = "detect_leaks=0:detect_stack_use_after_return=0:use_sigaltstack=0:log_path=#{REPORTS}/report".freeze

  module_function

  # @return [String] the path of the library
  def build(directory)
    environment = Native.environment.merge(ENVIRONMENT, "CARGO_TARGET_DIR" => directory)
    command = %w[cargo build --release --locked --package eventmachine --target]
    system(environment, *command, TARGET, chdir: Native::ROOT) || abort("cargo failed")
    File.join(directory, TARGET, "release", "libeventmachine.so")
  end

  def copy(library)
    FileUtils.rm_rf(COPY)
    Checkout.copy(COPY, *%w[lib spec sig docs examples exe README.md .rspec])
    FileUtils.cp(library, File.join(COPY, "lib", "eventmachine.so"))
    FileUtils.mkdir_p(REPORTS)
  end

  # The C compiler's runtime: that of Rust is for programs, and Ruby is none of Rust's.
  def runtime
    path = IO.popen(%w[gcc -print-file-name=libasan.so], &:read).strip
    File.absolute_path?(path) ? path : abort("gcc has no libasan.so")
  end

  # A Ruby that has the runtime, for programs of specs, and what has them take it. Others, such as curl, go without: in
  # a child that shares its parent's memory until it begins, the runtime may wait for ever for a lock of the parent's.
  def write_ruby
    ruby = File.join(COPY, "ruby")
    File.write(ruby, "#!/bin/sh\nLD_PRELOAD=#{runtime} exec #{RbConfig.ruby} \"$@\"\n", perm: 0o755)
    "#{ruby}.rb".tap do |path|
      File.write(path, "ENV.delete('LD_PRELOAD')\nRbConfig.define_singleton_method(:ruby) { '#{ruby}' }\n")
    end
  end

  # @return [Array<String>] what AddressSanitizer found
  def run(patterns)
    environment = { "LD_PRELOAD" => runtime, "ASAN_OPTIONS" => OPTIONS, "SPEC_PATIENCE" => PATIENCE }
    system(environment, "rspec", "--require", write_ruby, "--format", "progress", *patterns, chdir: COPY)
    reports = Dir.glob(File.join(REPORTS, "*")).map { |path| File.binread(path) }
    # Others only warn.
    reports.grep(/ERROR: AddressSanitizer/)
  end
end

desc "Run the specs with a library that AddressSanitizer watches (SPECS=spec/unit spec/integration)"
task :sanitize do
  Sanitized.copy(Sanitized.build(File.join(Native.target_directory, "sanitize")))
  reports = Sanitized.run(ENV.fetch("SPECS", "spec/unit spec/integration").split)
  # Specs of memory and time may fail, since it takes more of both.
  puts "#{reports.size} errors of memory"
  abort reports.join("\n") if reports.any?
end
