# frozen_string_literal: true

# Rubies linked to musl, built from Debian's source packages.
module MuslRuby
  RELEASES = { "3.1" => "bookworm", "3.3" => "trixie", "3.4" => "experimental" }.freeze
  PREFIX = "/mnt/ruby"
  # Without extensions that need still more libraries, or are for Ruby's own tests. Ruby 3.1 builds those of its gems as
  # it installs them, with its library preloaded, and make, which is linked to glibc, does not start with that.
  BUILD = <<~SH.freeze
    sed -i '/^debug /d; /^rbs /d' gems/bundled_gems
    ./configure -q --build=x86_64-linux-musl --prefix=#{PREFIX} --enable-shared --disable-install-doc \\
      --disable-yjit --disable-rjit --without-gmp --with-opt-dir=#{MuslLibraries::PREFIX} CC=musl-gcc CXX=false \\
      optflags=-O1 debugflags=-g0 LDFLAGS=-Wl,-rpath,#{PREFIX}/lib \\
      --with-out-ext='readline,fiddle,dbm,gdbm,win32,win32ole,nkf,syslog,-test-/*'
    make -s -j2
    make -s install-local install-ext
    #{PREFIX}/bin/ruby -ropenssl -rzlib -rpsych -v
  SH

  module_function

  # @return [Array<String>] all, or those that the variable RUBIES names
  def minors
    wanted = RELEASES.keys
    wanted &= ENV["RUBIES"].split(",") if ENV["RUBIES"]
    wanted.any? ? wanted : abort("RUBIES names none that is here")
  end

  # @return [String] what is mounted as PREFIX
  def directory(minor)
    MuslSource.build("ruby#{minor}-musl", RELEASES.fetch(minor), { "ruby#{minor}" => BUILD }, PREFIX,
                     { MuslLibraries.directory => MuslLibraries::PREFIX })
  end
end
