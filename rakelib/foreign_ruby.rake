# frozen_string_literal: true

require "fileutils"

# Debian's Rubies for another processor: their headers and rbconfig.rb, unpacked and not installed.
module ForeignRuby
  module_function

  # @return [String] the directory that the packages are unpacked in; it is in the cache
  def directory(minor, architecture)
    path = File.join(Root.cache, "ruby#{minor}-#{architecture}")
    unpack(minor, architecture, path) unless File.directory?(path)
    path
  end

  def unpack(minor, architecture, path)
    FileUtils.mkdir_p("#{path}.new")
    release = Rubies::RELEASES.fetch(minor, Cross::RELEASE)
    root = Root.with(release, Rubies.bare_packages(minor), "#{release}-bare")
    root.run(<<~SH, mounts: { "#{path}.new" => "/mnt/ruby" }, log: "#{path}.log") || abort("no Ruby: see #{path}.log")
      dpkg --add-architecture #{architecture}
      apt-get -qq update
      cd /tmp
      apt-get download ruby#{minor}-dev:#{architecture} libruby#{minor}:#{architecture}
      for package in *.deb; do dpkg --extract "$package" /mnt/ruby; done
    SH
    File.rename("#{path}.new", path)
  end
end
