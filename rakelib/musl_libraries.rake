# frozen_string_literal: true

# The libraries that Ruby's extensions take, linked to statically. Only tests call them, so little is optimized.
module MuslLibraries
  PREFIX = "/mnt/libraries"
  PACKAGES = {
    "zlib" => <<~SH,
      CC=musl-gcc CFLAGS='-O1 -fPIC' ./configure --static --prefix=#{PREFIX}
      make -s -j2 install
    SH
    "libyaml" => <<~SH,
      autoreconf --install
      ./configure -q CC=musl-gcc CFLAGS='-O1 -fPIC' --disable-shared --prefix=#{PREFIX}
      make -s -j2 install
    SH
    "openssl" => <<~SH
      CC=musl-gcc ./Configure linux-x86_64 -O1 -fPIC no-shared no-tests --prefix=#{PREFIX} --libdir=lib \\
        --openssldir=/etc/ssl
      make -s -j2 build_libs
      make -s install_dev
    SH
  }.freeze

  module_function

  # @return [String] what is mounted as PREFIX
  def directory
    MuslSource.build("musl-libraries", Cross::RELEASE, PACKAGES, PREFIX)
  end
end
