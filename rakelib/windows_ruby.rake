# frozen_string_literal: true

# Rubies for Windows, of the kind that RubyInstaller has, built from Debian's source packages to be run by wine.
module WindowsRuby
  RELEASES = { "3.3" => "trixie" }.freeze
  PREFIX = "/mnt/ruby"
  TOOLS = { "CC" => "gcc", "AR" => "ar", "LD" => "ld", "NM" => "nm", "RANLIB" => "ranlib", "STRIP" => "strip",
            "OBJCOPY" => "objcopy", "OBJDUMP" => "objdump", "AS" => "as", "WINDRES" => "windres",
            "DLLWRAP" => "dllwrap" }.map { |name, tool| "#{name}=#{Windows::TOOL}-#{tool}" }.join(" ").freeze
  # With the extensions that RubyGems and the specs take. Nobody measures how fast it is.
  EXTENSIONS = %w[
    cgi/escape date digest digest/md5 digest/sha1 digest/sha2 erb/escape etc fcntl io/console io/nonblock io/wait json
    json/generator json/parser monitor objspace openssl pathname psych rbconfig/sizeof ripper socket stringio strscan
    win32 win32/resolv zlib
  ].freeze
  CONFIGURE = "./configure -q --build=x86_64-linux-gnu --host=x86_64-w64-mingw32 --prefix=#{PREFIX} --enable-shared " \
              "--disable-install-doc --disable-yjit --disable-rjit --without-gmp --with-baseruby=/usr/bin/ruby " \
              "--with-opt-dir=#{WindowsLibraries::PREFIX} " \
              "optflags=-O0 debugflags=-g0 CXX=false #{TOOLS} --with-ext=#{EXTENSIONS.join(',')}".freeze
  # Ruby finds the table of its C library's descriptors by the instructions of one of its functions. Wine's has others,
  # which this has it look for, and so such a Ruby runs by wine only. The specs of Ruby's C API are not compiled.
  PATCH = <<~'SH'
    sed --in-place --expression '/define FUNCTION_SKIP_BYTES 1$/s/1$/2/' \
      --expression '/define PIOINFO_MARK "\\x48\\x8d\\x15"/s/15/0d/' win32/win32.c
    rm -r spec/ruby/optional/capi
  SH
  # What the compiler's programs need at run time.
  LIBRARIES = %w[libgcc_s_seh-1.dll libwinpthread-1.dll libssp-0.dll].freeze

  module_function

  def minors
    RELEASES.keys
  end

  # @return [String] the name of a Ruby's library
  def library(minor)
    "x64-ucrt-ruby#{minor.delete('.')}0.dll"
  end

  # @return [String] what is mounted as PREFIX; it is in the cache
  def directory(minor)
    DebianSource.compile("ruby#{minor}-wine", { "ruby#{minor}" => script(minor) }, RELEASES.fetch(minor), PREFIX) do
      Place.new(root: Windows.root, mounts: { WindowsLibraries.directory => WindowsLibraries::PREFIX }, environment: {})
    end
  end

  def script(minor)
    <<~SH
      #{PATCH}
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
