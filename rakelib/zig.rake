# frozen_string_literal: true

require "fileutils"

# zig, which compiles C and links for other systems: it has their headers, and stubs of their C libraries.
module Zig
  VERSION = "0.15.2"
  PATH = "/opt/zig-#{VERSION}".freeze
  PROGRAM = "#{PATH}/ziglang/zig".freeze
  HEADERS = "#{PATH}/ziglang/lib/libc/include".freeze
  # Without words for Apple's tools, and libraries that it has others for or no stubs of.
  COMPILER = <<~'SH'
    #!/bin/bash
    words=() skip=
    for word; do
      if [ -n "$skip" ]; then skip=; continue; fi
      case $word in
        -arch | -isysroot) skip=1 ;;
        -m*version-min=* | --target=* | -lgcc | -lgcc_s | -liconv | -lobjc) ;;
        *) words+=("$word") ;;
      esac
    done
  SH

  module_function

  # Installs it, from PyPI, in the root that cross-compiles.
  def install(path = PATH, version = VERSION)
    root = Cross.root
    Root.alone("#{root.path}#{path}") do
      next if File.directory?("#{root.path}#{path}")

      root.run("pip install --quiet --target #{path} ziglang==#{version}",
               mounts: { Cross::CERTIFICATES => Cross::CERTIFICATES }) || abort("no zig")
    end
  end

  # Writes the programs cc, ar and ranlib for a target into a directory.
  def write(directory, target)
    install
    tool(directory, "cc", "#{COMPILER}exec #{PROGRAM} cc -target #{target} \"${words[@]}\"\n")
    %w[ar ranlib].each { |name| tool(directory, name, "#!/bin/sh\nexec #{PROGRAM} #{name} \"$@\"\n") }
  end

  def tool(directory, name, script)
    FileUtils.mkdir_p(directory)
    File.write(File.join(directory, name), script, perm: 0o755)
  end
end
