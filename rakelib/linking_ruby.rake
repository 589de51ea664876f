# frozen_string_literal: true

# What the library is compiled and linked with of a Ruby for macOS or FreeBSD: its headers, of which configure makes
# config.h from zig's, rbconfig.rb, and a library that has its symbols and nothing else.
module LinkingRuby
  RELEASE = "trixie"
  RUBY = "ruby#{Linking::MINOR}".freeze
  CONFIGURE = "./configure -q --build=x86_64-linux-gnu --prefix=#{Linking::PREFIX} --with-baseruby=/usr/bin/ruby " \
              "--disable-shared --disable-install-doc --disable-yjit --disable-rjit --without-gmp CXX=false " \
              "CC=$tools/cc LD=$tools/cc AR=$tools/ar RANLIB=$tools/ranlib optflags=-O0 debugflags=-g0".freeze
  # What one of Debian's has. It is for another processor, which is all the same.
  LIBRARY = "/mnt/debian/usr/lib/aarch64-linux-gnu/libruby-#{Linking::MINOR}.so".freeze

  module_function

  # @return [String] what is mounted as the prefix; it is in the cache
  def directory(system)
    steps = [configure(system), keep(system), symbols].join("\n")
    DebianSource.compile("#{RUBY}-#{system.platform}", { RUBY => steps }, RELEASE, Linking::PREFIX) do
      mounts = { Linking.directory => "/mnt/build", ForeignRuby.directory(Linking::MINOR, "arm64") => "/mnt/debian" }
      Place.new(root: Cross.root, mounts: mounts, environment: Linking.environment(system))
    end
  end

  def configure(system)
    <<~SH
      tools=#{Linking.tools(system)}
      #{CONFIGURE} --host=#{system.host}
      make -s rbconfig.rb
    SH
  end

  # Where Ruby would install them.
  def keep(system)
    <<~SH
      headers=#{Linking::PREFIX}/include/ruby-#{Linking::MINOR}.0
      libraries=#{Linking::PREFIX}/lib/ruby/#{Linking::MINOR}.0/#{system.platform}
      mkdir -p "$headers" "$libraries"
      cp -r include/* .ext/include/* "$headers"
      cp rbconfig.rb "$libraries"
    SH
  end

  def symbols
    <<~SH
      readelf --wide --dyn-syms #{LIBRARY} |
        sed -En 's/.*(FUNC|OBJECT) +GLOBAL +DEFAULT +[0-9]+ ((rb|ruby|st)_[^ @]+).*/char \\2;/p' | sort -u >symbols.c
      for name in libruby.so libruby.dylib; do
        $tools/cc -shared -fno-builtin -o #{Linking::PREFIX}/lib/$name symbols.c
      done
    SH
  end
end
