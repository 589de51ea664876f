# frozen_string_literal: true

# Debian's Rubies for another processor: their headers and rbconfig.rb, unpacked and not installed.
module ForeignRuby
  module_function

  # @return [String] the directory that the packages are unpacked in; it is in the cache
  def directory(minor, architecture)
    Root.keep("ruby#{minor}-#{architecture}") { |path, log| unpack(minor, architecture, path, log) }
  end

  def unpack(minor, architecture, path, log)
    release = Rubies::RELEASES.fetch(minor, Cross::RELEASE)
    root = Root.with(release, Rubies.bare_packages(minor), "#{release}-bare")
    root.run(<<~SH, mounts: { path => "/mnt/ruby" }, log: log) || abort("no Ruby: see #{log}")
      dpkg --add-architecture #{architecture}
      apt-get -qq update
      cd /tmp
      apt-get download ruby#{minor}-dev:#{architecture} libruby#{minor}:#{architecture}
      for package in *.deb; do dpkg --extract "$package" /mnt/ruby; done
    SH
  end
end
