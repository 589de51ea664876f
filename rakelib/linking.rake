# frozen_string_literal: true

# Compiles the library for Ruby on macOS and FreeBSD, and links it to stubs of all that it takes there. Nothing runs it.
module Linking
  MINOR = "3.3"
  PREFIX = "/mnt/ruby"
  # Of them all, beside the directories of platforms.
  DIRECTORY = "linking"
  # clang's own headers, in the root.
  CLANG = "/usr/lib/llvm-14/lib/clang/14.0.6/include"
  # It knows half precision of some processors only. macOS's headers take it in what Ruby's do not.
  HALF = "-D_Float16=float"

  # What Ruby, its configure, Rust, zig and clang call a system, and which of zig's headers are its.
  System = Struct.new(:platform, :host, :triple, :zig, :clang, :headers, keyword_init: true)

  SYSTEMS = [
    System.new(platform: "arm64-darwin23", host: "aarch64-apple-darwin23", triple: "aarch64-apple-darwin",
               zig: "aarch64-macos", clang: "arm64-apple-macosx13", headers: %w[any-macos-any]),
    System.new(platform: "x86_64-freebsd14", host: "x86_64-unknown-freebsd14", triple: "x86_64-unknown-freebsd",
               zig: "x86_64-freebsd", clang: "x86_64-unknown-freebsd14",
               headers: %w[x86_64-freebsd-none generic-freebsd]),
    System.new(platform: "x86_64-darwin23", host: "x86_64-apple-darwin23", triple: "x86_64-apple-darwin",
               zig: "x86_64-macos", clang: "x86_64-apple-macosx13", headers: %w[any-macos-any])
  ].freeze

  # Ruby's symbols are left to be found when the library is loaded, and nothing else that it lacks would be missed. So
  # here a library of Ruby's has them, and all others must be there. zig's linker takes no list of what is exported,
  # and has no stubs of FreeBSD's libraries that the crate libc names and of which nothing is taken.
  LINKER = <<~SH.freeze
    #!/bin/bash
    words=(-L#{PREFIX}/lib -lruby -F/mnt/build/frameworks)
    for word; do
      case $word in
        -Wl,-undefined,dynamic_lookup | -Wl,-exported_symbols_list | -Wl,/tmp/rustc*/list) ;;
        -lkvm | -lmemstat | -lprocstat | -ldevstat) ;;
        *) words+=("$word") ;;
      esac
    done
    exec "$(dirname "$0")/cc" "${words[@]}"
  SH

  module_function

  # @return [Array<String>] the targets that the library is not linked for
  def run(triples)
    SYSTEMS.select { |system| triples.include?(system.triple) }.reject { |system| link(system) }.map(&:triple)
  end

  # @return [Boolean, nil] whether that succeeded
  def link(system)
    puts "== #{system.triple}"
    write_tools(system)
    ruby = LinkingRuby.directory(system)
    target = Target.built(MINOR, PREFIX, system.platform)
    program = RubyWrapper.write(File.join(directory, system.platform), target, ruby: "/usr/bin/ruby",
                                                                               seen: tools(system))
    Cross.cargo(DIRECTORY, "build --locked --package eventmachine --no-default-features --features ring,dhe " \
                           "-Zbuild-std=std,panic_unwind --target #{system.triple}",
                { "RUBY" => program, **environment(system) }, { ruby => PREFIX })
  end

  def directory
    Cross.directory(DIRECTORY)
  end

  # @return [String] the directory of the tools for a system, as they are run
  def tools(system)
    "/mnt/build/#{system.platform}"
  end

  def write_tools(system)
    here = File.join(directory, system.platform)
    Zig.write(here, system.zig)
    Zig.tool(here, "linker", LINKER)
    Frameworks.write(File.join(directory, "frameworks"))
  end

  def environment(system)
    name = system.triple.tr("-", "_")
    headers = system.headers.map { |directory| "-isystem #{Zig::HEADERS}/#{directory}" }.join(" ")
    { "RUSTC_BOOTSTRAP" => "1", "ZIG_GLOBAL_CACHE_DIR" => "/mnt/build/zig", "SDKROOT" => tools(system),
      "CC_#{name}" => "#{tools(system)}/cc", "AR_#{name}" => "#{tools(system)}/ar",
      "CARGO_TARGET_#{name.upcase}_LINKER" => "#{tools(system)}/linker",
      "BINDGEN_EXTRA_CLANG_ARGS_#{name}" => "--target=#{system.clang} -nostdinc -isystem #{CLANG} #{headers} #{HALF}" }
  end
end

namespace :portability do
  desc "Link the library for Ruby on macOS and FreeBSD, which nothing here runs (TARGETS to pick)"
  task :link do
    failed = Linking.run(ENV["TARGETS"]&.split(",") || Linking::SYSTEMS.map(&:triple))
    abort "Failed: #{failed.join(', ')}" if failed.any?
  end
end
