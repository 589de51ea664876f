# frozen_string_literal: true

# The libraries that extensions of a Ruby for Windows take, linked to statically. Only tests call them, so little is
# optimized.
module WindowsLibraries
  PREFIX = "/mnt/libraries"
  # Its OpenSSL takes half the time of the next release's.
  RELEASE = "bookworm"
  # Debian's, which is for the older C library, and calls little of it.
  ZLIB = <<~SH.freeze
    mkdir --parents #{PREFIX}/include #{PREFIX}/lib
    cp /usr/x86_64-w64-mingw32/include/zlib.h /usr/x86_64-w64-mingw32/include/zconf.h #{PREFIX}/include
    cp /usr/x86_64-w64-mingw32/lib/libz.a #{PREFIX}/lib
  SH
  # The header says that it is linked to statically, since psych does not.
  YAML = <<~SH.freeze
    sed '1i #define YAML_DECLARE_STATIC' include/yaml.h >#{PREFIX}/include/yaml.h
    #{Windows::TOOL}-gcc -O1 -I#{PREFIX}/include -DYAML_VERSION_STRING='"0.2"' -DYAML_VERSION_MAJOR=0 \
      -DYAML_VERSION_MINOR=2 -DYAML_VERSION_PATCH=0 -c src/*.c
    #{Windows::TOOL}-ar rcs #{PREFIX}/lib/libyaml.a *.o
  SH
  OPENSSL = <<~SH.freeze
    ./Configure mingw64 --cross-compile-prefix=#{Windows::TOOL}- -O0 no-shared no-tests no-legacy \
      --prefix=#{PREFIX} --libdir=lib
    make -s -j2 build_libs
    make -s install_dev
  SH
  PACKAGES = { "libyaml" => YAML, "openssl" => OPENSSL }.freeze

  module_function

  # @return [String] what is mounted as PREFIX; it is in the cache
  def directory
    DebianSource.compile("windows-libraries", PACKAGES, RELEASE, PREFIX, before: ZLIB) { Windows.root }
  end
end
