# frozen_string_literal: true

# Type-checks the core for other systems. Nothing is linked or run.
module Portability
  TARGETS = %w[
    x86_64-unknown-freebsd x86_64-unknown-netbsd x86_64-unknown-openbsd x86_64-unknown-dragonfly
    x86_64-apple-darwin aarch64-apple-darwin x86_64-pc-windows-gnu
  ].freeze
  # The release with the oldest Rust that the crates support. It has no standard library for other systems, but its
  # source.
  RELEASE = "trixie"
  PACKAGES = %w[binutils-mingw-w64-x86-64 ca-certificates cargo gcc libc6-dev rust-src rustc].freeze

  # The system's certificates, to verify the registry of crates.
  CERTIFICATES = "/etc/ssl/certs"

  # Compiler for ring's assembler and C. Its output is empty, because nothing is linked.
  COMPILER = <<~SH
    #!/bin/sh
    case " $* " in *" -E "*) exec gcc "$@" ;; esac
    for word; do
      if [ "$last" = -o ]; then : >"$word"; fi
      last=$word
    done
  SH
  ARCHIVER = <<~SH
    #!/bin/sh
    for word; do
      case $word in *.a) : >"$word" ;; esac
    done
  SH

  COMMAND = "cargo check --quiet --locked --package em-reactor --no-default-features --features ring,dhe " \
            "-Zbuild-std=std,panic_unwind --target"
  ENVIRONMENT = {
    "CARGO_HOME" => "/mnt/build/cargo", "CARGO_TARGET_DIR" => "/mnt/build/target",
    "TARGET_CC" => "/mnt/build/cc", "TARGET_AR" => "/mnt/build/ar",
    # The source of the standard library compiles only with its own release of Rust.
    "RUSTC_BOOTSTRAP" => "1", "RUSTFLAGS" => "--deny warnings"
  }.freeze

  module_function

  # @return [Array<String>] the targets that it does not compile for
  def run(targets)
    root = Root.with(RELEASE, PACKAGES, "#{RELEASE}-rust")
    work = File.join(Native::ROOT, "tmp", "portability")
    tool(work, "cc", COMPILER)
    tool(work, "ar", ARCHIVER)
    targets.reject { |target| check(root, work, target) }
  end

  def tool(work, name, script)
    FileUtils.mkdir_p(work)
    File.write(File.join(work, name), script, perm: 0o755)
  end

  def check(root, work, target)
    puts "== #{target}"
    root.run("cd /mnt/gem && #{COMMAND} #{target}",
             mounts: { Native::ROOT => "/mnt/gem", work => "/mnt/build", CERTIFICATES => CERTIFICATES },
             environment: ENVIRONMENT)
  end
end

desc "Check that the core compiles for kqueue systems and Windows (TARGETS=x86_64-apple-darwin to pick)"
task :portability do
  failed = Portability.run(ENV["TARGETS"]&.split(",") || Portability::TARGETS)
  abort "Failed: #{failed.join(', ')}" if failed.any?
end
