# frozen_string_literal: true

require "rbconfig"

# Before cargo runs, checks for everything that compiling the library needs, and says how to get what is missing.
# EVENTMACHINE_SKIP_CHECKS=1 in the environment skips it.
module Prerequisites
  RUST = "1.85"

  # Where bindgen looks for libclang, in addition to LIBCLANG_PATH and the directory that llvm-config prints.
  LIBCLANG_DIRECTORIES = %w[
    /usr/local/llvm*/lib* /usr/local/lib*/*/* /usr/local/lib*/* /usr/local/lib*
    /usr/lib*/*/* /usr/lib*/* /usr/lib*
    /usr/local/opt/llvm*/lib /opt/homebrew/opt/llvm*/lib /opt/local/libexec/llvm*/lib
    /Library/Developer/CommandLineTools/usr/lib
    /Applications/Xcode*.app/Contents/Developer/Toolchains/XcodeDefault.xctoolchain/usr/lib
    C:/Program\ Files*/LLVM/bin C:/LLVM/bin C:/msys64/*/bin C:/Users/*/scoop/apps/llvm/current/bin
  ].freeze
  LIBCLANG_FILES = "{libclang.so*,libclang-*.so*,libclang.dylib,libclang.dll,clang.dll}"

  RUSTUP = "run the installer from https://rustup.rs"
  COMPILERS = {
    "Debian, Ubuntu" => "apt-get install build-essential",
    "Fedora" => "dnf install gcc make",
    "Alpine" => "apk add build-base",
    "macOS" => "xcode-select --install",
    "Windows" => "ridk install (of RubyInstaller with Devkit)"
  }.freeze

  HOW = {
    cargo: {
      "Debian, Ubuntu" => "#{RUSTUP} (Debian 12's cargo is too old; from 13 on: apt-get install cargo)",
      "Fedora" => "dnf install cargo",
      "Alpine" => "apk add cargo (3.22 or newer)",
      "macOS" => "brew install rust",
      "Windows" => "#{RUSTUP}, then: rustup default stable-gnu"
    },
    compiler: COMPILERS,
    make: COMPILERS,
    headers: {
      "Debian, Ubuntu" => "apt-get install ruby-dev",
      "Fedora" => "dnf install ruby-devel",
      "Alpine" => "apk add ruby-dev",
      "macOS" => "brew install ruby (the system's own Ruby is too old)",
      "Windows" => "use RubyInstaller with Devkit"
    },
    libclang: {
      "Debian, Ubuntu" => "apt-get install libclang-dev",
      "Fedora" => "dnf install clang-devel",
      "Alpine" => "apk add clang-libclang",
      "macOS" => "xcode-select --install",
      "Windows" => "ridk exec pacman -S mingw-w64-ucrt-x86_64-clang"
    }
  }.freeze

  module_function

  # @return [Hash{Symbol => String}] what is not there, and what to call it
  def missing
    {
      cargo: cargo,
      compiler: ("a C compiler (#{compiler})" unless program?(compiler)),
      make: ("make" unless program?(ENV["MAKE"] || ENV["make"] || "make")),
      headers: ("Ruby's headers (#{header})" unless File.file?(header)),
      libclang: ("libclang (LIBCLANG_PATH may name its directory)" unless libclang?)
    }.compact
  end

  def message(missing)
    blocks = missing.map do |name, description|
      ways = HOW.fetch(name).map { |system, way| format("    %-16s%s", "#{system}:", way) }
      "  #{description}\n#{ways.join("\n")}\n"
    end
    "eventmachine is compiled here, and this is missing:\n\n#{blocks.join("\n")}\n" \
      "Where a precompiled gem is published for your platform and Ruby, none of this is needed:\n" \
      "update RubyGems (gem update --system), and do not set force_ruby_platform.\n"
  end

  # @return [String, nil] what is wrong with cargo
  def cargo
    output = IO.popen([ENV.fetch("CARGO", "cargo"), "--version"], err: File::NULL, &:read)
    version = output[/\d+\.\d+(\.\d+)?/]
    return "cargo, of Rust #{RUST} or newer" unless version
    return if Gem::Version.new(version) >= Gem::Version.new(RUST)

    "cargo, of Rust #{RUST} or newer (there is #{version})"
  rescue SystemCallError
    "cargo, of Rust #{RUST} or newer (not in PATH)"
  end

  # The linker that rustc uses.
  def compiler
    Gem.win_platform? ? "gcc" : "cc"
  end

  def program?(name)
    extensions = ["", *ENV["PATHEXT"].to_s.downcase.split(";")]
    path.product(extensions).any? do |directory, extension|
      file = File.expand_path("#{name}#{extension}", directory)
      File.file?(file) && File.executable?(file)
    end
  end

  def path
    ENV["PATH"].to_s.split(File::PATH_SEPARATOR)
  end

  def header
    File.join(RbConfig::CONFIG["rubyhdrdir"].to_s, "ruby.h")
  end

  def libclang?
    given = ENV["LIBCLANG_PATH"]
    return File.file?(given) || libclang_in?(given) if given

    [*llvm_directories, *LIBCLANG_DIRECTORIES, *path].any? { |directory| libclang_in?(directory) }
  end

  def libclang_in?(directory)
    Dir.glob("#{directory.tr('\\', '/')}/#{LIBCLANG_FILES}").any?
  end

  def llvm_directories
    command = [ENV.fetch("LLVM_CONFIG_PATH", "llvm-config"), "--prefix"]
    prefix = IO.popen(command, err: File::NULL, &:read).chomp
    prefix.empty? ? [] : %w[bin lib lib64].map { |name| File.join(prefix, name) }
  rescue SystemCallError
    []
  end
end

unless ENV["EVENTMACHINE_SKIP_CHECKS"] == "1"
  missing = Prerequisites.missing
  abort Prerequisites.message(missing) if missing.any?
end

# cargo builds the library. RubyGems runs make after an extconf.rb, so this makefile does nothing.
File.write("Makefile", "all install clean:\n")
