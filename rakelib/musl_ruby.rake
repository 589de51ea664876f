# frozen_string_literal: true

# Rubies linked to musl, built from Debian's source packages. For another processor they are cross-compiled, with the
# help of this one's.
module MuslRuby
  RELEASES = { "3.1" => "bookworm", "3.3" => "trixie", "3.4" => "experimental" }.freeze
  PREFIX = "/mnt/ruby"
  # Below it is the PREFIX of what another one builds.
  ELSEWHERE = "/mnt/elsewhere"
  # Without extensions that need still more libraries, or are for Ruby's own tests.
  CONFIGURE = "./configure -q --prefix=#{PREFIX} --enable-shared --disable-install-doc --disable-yjit --disable-rjit " \
              "--without-gmp --with-opt-dir=#{MuslLibraries::PREFIX} CXX=false optflags=-O1 debugflags=-g0 " \
              "LDFLAGS=-Wl,-rpath,#{PREFIX}/lib " \
              "--with-out-ext='readline,fiddle,dbm,gdbm,win32,win32ole,nkf,syslog,-test-/*'".freeze
  # Extensions that are left out where a library is not found.
  WANTED = %w[openssl psych zlib].freeze

  module_function

  # @return [Array<String>] all, or those that the variable RUBIES names
  def minors
    wanted = RELEASES.keys
    wanted &= ENV["RUBIES"].split(",") if ENV["RUBIES"]
    wanted.any? ? wanted : abort("RUBIES names none that is here")
  end

  # @return [String] what is mounted as PREFIX
  def directory(system, minor)
    destination = system.architecture ? ELSEWHERE : ""
    MuslSource.build(system, system.kept("ruby#{minor}-musl"), RELEASES.fetch(minor),
                     { "ruby#{minor}" => script(system, destination) }, "#{destination}#{PREFIX}") do
      mounts(system, minor)
    end
  end

  # Ruby 3.1 builds those of its gems that are extensions as it installs them, with its library preloaded, and make,
  # which is linked to glibc, does not start with that. The specs of Ruby's C API are not compiled.
  def script(system, destination)
    <<~SH
      sed -i '/^debug /d; /^rbs /d' gems/bundled_gems
      rm -r spec/ruby/optional/capi
      #{CONFIGURE} #{processors(system)}
      make -s -j2
      make -s install-local install-ext DESTDIR=#{destination}
      for name in #{WANTED.join(' ')}; do
        find #{destination}#{PREFIX} -name $name.so | grep .
      done
    SH
  end

  def processors(system)
    return "--build=#{system.platform}" unless system.architecture

    "--build=x86_64-linux-gnu --host=#{system.platform} --with-baseruby=#{PREFIX}/bin/ruby"
  end

  def mounts(system, minor)
    libraries = { MuslLibraries.directory(system) => MuslLibraries::PREFIX }
    system.architecture ? { **libraries, directory(MuslSystem.all.first, minor) => PREFIX } : libraries
  end
end
