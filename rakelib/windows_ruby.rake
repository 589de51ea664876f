# frozen_string_literal: true

# Rubies for Windows, of the kind that RubyInstaller has, built from Debian's source packages to be run by wine.
module WindowsRuby
  RELEASES = { "3.3" => "trixie" }.freeze
  PREFIX = "/mnt/ruby"
  TOOLS = { "CC" => "gcc", "AR" => "ar", "LD" => "ld", "NM" => "nm", "RANLIB" => "ranlib", "STRIP" => "strip",
            "OBJCOPY" => "objcopy", "OBJDUMP" => "objdump", "AS" => "as", "WINDRES" => "windres",
            "DLLWRAP" => "dllwrap" }.map { |name, tool| "#{name}=#{Windows::TOOL}-#{tool}" }.join(" ").freeze
  # With the extensions that RubyGems and the specs take, but for OpenSSL. Nobody measures how fast it is.
  EXTENSIONS = %w[
    cgi/escape date digest digest/md5 digest/sha1 digest/sha2 erb/escape etc fcntl io/console io/nonblock io/wait json
    json/generator json/parser monitor objspace pathname psych rbconfig/sizeof ripper socket stringio strscan win32
    win32/resolv zlib
  ].freeze
  CONFIGURE = "./configure -q --build=x86_64-linux-gnu --host=x86_64-w64-mingw32 --prefix=#{PREFIX} --enable-shared " \
              "--disable-install-doc --disable-yjit --disable-rjit --without-gmp --with-baseruby=/usr/bin/ruby " \
              "--with-zlib-include=/tmp/zlib --with-zlib-lib=/tmp/zlib --with-libyaml-dir=/tmp/yaml " \
              "optflags=-O0 debugflags=-g0 CXX=false #{TOOLS} --with-ext=#{EXTENSIONS.join(',')}".freeze
  # Ruby finds the table of its C library's descriptors by the instructions of one of its functions. Wine's has others,
  # which this has it look for, and so such a Ruby runs by wine only. The specs of Ruby's C API are not compiled.
  PATCH = <<~'SH'
    sed --in-place --expression '/define FUNCTION_SKIP_BYTES 1$/s/1$/2/' \
      --expression '/define PIOINFO_MARK "\\x48\\x8d\\x15"/s/15/0d/' win32/win32.c
    rm -r spec/ruby/optional/capi
  SH
  # Debian's, which is for the older C library, and calls little of it.
  ZLIB = %w[include/zlib.h include/zconf.h lib/libz.a].map { |path| "/usr/x86_64-w64-mingw32/#{path}" }.freeze
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
    Root.keep("ruby#{minor}-wine") do |path, log|
      puts "Building Ruby #{minor} for Windows (#{log})"
      Windows.root.run(script(minor), mounts: { path => PREFIX }, log: log) ||
        abort("no Ruby for Windows: see #{log}")
    end
  end

  # What reads gems. The header says that it is linked to statically, since psych does not.
  def yaml
    <<~SH
      mkdir --parents /tmp/yaml/include /tmp/yaml/lib /tmp/yaml/source
      cd /tmp/yaml/source
      #{DebianSource.fetch('libyaml', Windows::RELEASE)}
      sed '1i #define YAML_DECLARE_STATIC' include/yaml.h >/tmp/yaml/include/yaml.h
      #{Windows::TOOL}-gcc -O2 -I/tmp/yaml/include -DYAML_VERSION_STRING='"0.2"' -DYAML_VERSION_MAJOR=0 \
        -DYAML_VERSION_MINOR=2 -DYAML_VERSION_PATCH=0 -c src/*.c
      #{Windows::TOOL}-ar rcs /tmp/yaml/lib/libyaml.a *.o
    SH
  end

  def script(minor)
    <<~SH
      mkdir /tmp/zlib
      cp #{ZLIB.join(' ')} /tmp/zlib
      #{yaml}
      mkdir /tmp/ruby
      cd /tmp/ruby
      #{DebianSource.fetch("ruby#{minor}", RELEASES.fetch(minor))}
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
