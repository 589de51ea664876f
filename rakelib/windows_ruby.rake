# frozen_string_literal: true

require "fileutils"

# Rubies for Windows, of the kind that RubyInstaller has, built from Debian's source packages.
module WindowsRuby
  RELEASES = { "3.3" => "trixie" }.freeze
  PREFIX = "/mnt/ruby"
  TOOLS = { "CC" => "gcc", "AR" => "ar", "LD" => "ld", "NM" => "nm", "RANLIB" => "ranlib", "STRIP" => "strip",
            "OBJCOPY" => "objcopy", "OBJDUMP" => "objdump", "AS" => "as", "WINDRES" => "windres",
            "DLLWRAP" => "dllwrap" }.map { |name, tool| "#{name}=#{Windows::TOOL}-#{tool}" }.join(" ").freeze
  # With the extensions that the specs take and that need no more libraries. Nobody measures how fast it is.
  EXTENSIONS = %w[
    cgi/escape date digest digest/md5 digest/sha1 digest/sha2 erb/escape etc fcntl io/console io/nonblock io/wait json
    json/generator json/parser monitor objspace pathname rbconfig/sizeof ripper socket stringio strscan win32/resolv
  ].freeze
  CONFIGURE = "./configure -q --build=x86_64-linux-gnu --host=x86_64-w64-mingw32 --prefix=#{PREFIX} --enable-shared " \
              "--disable-install-doc --disable-yjit --disable-rjit --without-gmp --with-baseruby=/usr/bin/ruby " \
              "optflags=-O0 debugflags=-g0 CXX=false #{TOOLS} --with-ext=#{EXTENSIONS.join(',')}".freeze
  # What the compiler's programs need at run time.
  LIBRARIES = %w[libgcc_s_seh-1.dll libwinpthread-1.dll libssp-0.dll].freeze

  module_function

  def minors
    RELEASES.keys
  end

  # @return [String] what is mounted as PREFIX; it is in the cache
  def directory(minor)
    path = File.join(Root.cache, "ruby#{minor}-windows")
    build(minor, path) unless File.directory?(path)
    path
  end

  def build(minor, path)
    FileUtils.rm_rf("#{path}.new")
    FileUtils.mkdir_p("#{path}.new")
    puts "Building Ruby #{minor} for Windows (#{path}.log)"
    Windows.root.run(script(minor), mounts: { "#{path}.new" => PREFIX }, log: "#{path}.log") ||
      abort("no Ruby for Windows: see #{path}.log")
    File.rename("#{path}.new", path)
  end

  def script(minor)
    <<~SH
      echo 'deb-src #{Root.archive} #{RELEASES.fetch(minor)} main' >/etc/apt/sources.list.d/sources.list
      apt-get -qq update
      cd /tmp
      apt-get -qq source --download-only --only-source ruby#{minor}
      tar --extract --strip-components=1 --file ruby#{minor}_*.orig.tar.*z
      #{CONFIGURE}
      make -s -j2
      make -s install-local install-ext </dev/null
      for name in #{LIBRARIES.join(' ')}; do
        find /usr/lib/gcc/#{Windows::TOOL} /usr/#{Windows::TOOL} -name "$name" -exec cp '{}' #{PREFIX}/bin ';' -quit
      done
      test -e #{PREFIX}/bin/ruby.exe
    SH
  end
end
