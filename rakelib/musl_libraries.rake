# frozen_string_literal: true

# The libraries that Ruby's extensions take, linked to statically. Only tests call them, so little is optimized.
module MuslLibraries
  PREFIX = "/mnt/libraries"
  ZLIB = <<~SH.freeze
    CFLAGS='-O1 -fPIC' ./configure --static --prefix=#{PREFIX}
    make -s -j2 install
  SH

  module_function

  # @return [String] what is mounted as PREFIX
  def directory(system)
    MuslSource.build(system, system.kept("musl-libraries"), Cross::RELEASE, packages(system), PREFIX) { {} }
  end

  def packages(system)
    { "zlib" => ZLIB, "libyaml" => yaml(system), "openssl" => openssl(system) }
  end

  def yaml(system)
    <<~SH
      autoreconf --install
      ./configure -q --host=#{system.platform} CFLAGS='-O1 -fPIC' --disable-shared --prefix=#{PREFIX}
      make -s -j2 install
    SH
  end

  def openssl(system)
    <<~SH
      ./Configure #{system.openssl} -O1 -fPIC no-shared no-tests --prefix=#{PREFIX} --libdir=lib --openssldir=/etc/ssl
      make -s -j2 build_libs
      make -s install_dev
    SH
  end
end
