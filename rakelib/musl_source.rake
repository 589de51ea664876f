# frozen_string_literal: true

# Source packages of Debian, compiled by musl-gcc in the root that cross-compiles.
module MuslSource
  # What musl-gcc does not find by itself: the kernel's headers.
  HEADERS = <<~SH
    for name in linux asm-generic mtd; do ln -sfn /usr/include/$name /usr/include/x86_64-linux-musl/$name; done
    ln -sfn /usr/include/x86_64-linux-gnu/asm /usr/include/x86_64-linux-musl/asm
  SH

  module_function

  # @param packages [Hash{String => String}] shell scripts that build each in its directory
  # @return [String] a directory in the cache, which is mounted as prefix while they run
  def build(name, release, packages, prefix, mounts = {})
    Root.keep(name) do |path, log|
      puts "Building #{packages.keys.join(', ')} for musl (#{log})"
      script = [HEADERS, *packages.map { |package, steps| DebianSource.build(package, release, steps) }]
      Cross.root.run(script.join("\n"), mounts: { path => prefix, **mounts }, log: log) ||
        abort("they could not be built: see #{log}")
    end
  end
end
