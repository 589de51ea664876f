# frozen_string_literal: true

require "fileutils"

# Rubies linked to musl, with the libraries that their extensions take, built from Debian's source packages in the
# root that cross-compiles.
module MuslRuby
  RELEASES = { "3.3" => "trixie" }.freeze
  ARCHITECTURE = "x86_64-linux-musl"
  PREFIX = "/mnt/ruby"
  LIBRARIES = {
    "zlib" => "CC=musl-gcc CFLAGS='-O2 -fPIC' ./configure --static --prefix=#{PREFIX}/libraries
               make -s -j2 install",
    "libyaml" => "autoreconf --install
                  ./configure -q CC=musl-gcc CFLAGS='-O2 -fPIC' --disable-shared --prefix=#{PREFIX}/libraries
                  make -s -j2 install",
    "openssl" => "CC=musl-gcc ./Configure linux-x86_64 -fPIC no-shared no-tests --prefix=#{PREFIX}/libraries \
                    --libdir=lib --openssldir=/etc/ssl
                  make -s -j2 build_libs
                  make -s install_dev"
  }.freeze
  # What musl-gcc does not find by itself: the kernel's headers.
  HEADERS = <<~SH.freeze
    for name in linux asm-generic mtd; do ln -sfn /usr/include/$name /usr/include/#{ARCHITECTURE}/$name; done
    ln -sfn /usr/include/x86_64-linux-gnu/asm /usr/include/#{ARCHITECTURE}/asm
  SH
  # Without extensions that need still more libraries.
  CONFIGURE = "./configure -q --build=#{ARCHITECTURE} --prefix=#{PREFIX} --enable-shared --disable-install-doc " \
              "--disable-yjit --disable-rjit --without-gmp --with-opt-dir=#{PREFIX}/libraries CC=musl-gcc CXX=false " \
              "optflags=-O2 debugflags=-g0 LDFLAGS=-Wl,-rpath,#{PREFIX}/lib " \
              "--with-out-ext=readline,fiddle,dbm,gdbm,win32,win32ole,nkf,syslog".freeze

  module_function

  def minors
    picked = ENV["RUBIES"]&.split(",")
    RELEASES.keys.select { |minor| picked.nil? || picked.include?(minor) }
  end

  # @return [String] what is mounted as PREFIX; it is in the cache
  def directory(minor)
    path = File.join(Root.cache, "ruby#{minor}-musl")
    build(minor, path) unless File.directory?(path)
    path
  end

  def build(minor, path)
    FileUtils.rm_rf("#{path}.new")
    FileUtils.mkdir_p("#{path}.new")
    puts "Building Ruby #{minor} for musl (#{path}.log)"
    parts = LIBRARIES.map { |name, steps| part(name, Cross::RELEASE, steps) }
    parts << part("ruby#{minor}", RELEASES.fetch(minor), "#{CONFIGURE}\nmake -s -j2\nmake -s install-local install-ext")
    script = [sources(RELEASES.fetch(minor)), HEADERS, *parts, "#{PREFIX}/bin/ruby -ropenssl -rzlib -rpsych -v"]
    Cross.root.run(script.join("\n"), mounts: { "#{path}.new" => PREFIX }, log: "#{path}.log") ||
      abort("no Ruby for musl: see #{path}.log")
    File.rename("#{path}.new", path)
  end

  # Unpacks a source package, and runs a shell script there.
  def part(name, release, steps)
    <<~SH
      mkdir /tmp/#{name}
      cd /tmp/#{name}
      apt-get -qq source --download-only --only-source #{name}/#{release}
      tar --extract --strip-components=1 --file "$(ls *.orig.tar.* | grep -v asc)"
      #{steps.gsub(/^ +/, '')}
    SH
  end

  def sources(release)
    lines = [Cross::RELEASE, release].uniq.map { |name| "deb-src #{Root.archive} #{name} main" }
    <<~SH
      printf '%s\\n' #{lines.map { |line| "'#{line}'" }.join(' ')} >/etc/apt/sources.list.d/sources.list
      apt-get -qq update
    SH
  end

  def install_zig
    return if File.directory?(File.join(Cross.root.path, "opt", "zig"))

    Cross.root.run("pip install --quiet --target /opt/zig ziglang==0.13.0",
                   mounts: { Cross::CERTIFICATES => Cross::CERTIFICATES }) || abort("no zig")
  end
end
