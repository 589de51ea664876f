# frozen_string_literal: true

# Debian's Rubies for another processor: their headers and rbconfig.rb.
module ForeignRuby
  module_function

  # @return [String] the directory that the packages are unpacked in; it is in the cache
  def directory(minor, architecture)
    packages = %W[ruby#{minor}-dev:#{architecture} libruby#{minor}:#{architecture}]
    DebianPackage.unpack("ruby#{minor}-#{architecture}", packages, Rubies::RELEASES.fetch(minor, Cross::RELEASE))
  end
end
