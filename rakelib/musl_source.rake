# frozen_string_literal: true

# Source packages of Debian, compiled by musl-gcc in the root that cross-compiles.
module MuslSource
  module_function

  # @param packages [Hash{String => String}] shell scripts that build each in its directory
  # @return [String] a directory in the cache, which is mounted as prefix while they run
  # @yieldreturn [Hash{String => String}] further directories that are mounted; asked for only if it is not there yet
  def build(system, name, release, packages, prefix)
    DebianSource.compile(name, packages, release, prefix, before: headers(system)) do
      Place.new(root: Cross.root, mounts: yield, environment: tools(system))
    end
  end

  # What musl-gcc does not find by itself: the kernel's headers.
  def headers(system)
    <<~SH
      cd /usr/include/#{system.platform}
      ln -sfn /usr/include/linux /usr/include/asm-generic /usr/include/mtd #{system.headers}/asm .
    SH
  end

  def tools(system)
    { "CC" => system.compiler, "AR" => system.tool("ar"), "RANLIB" => system.tool("ranlib"),
      "NM" => system.tool("nm") }
  end
end
