# frozen_string_literal: true

# Packages of Debian's, unpacked and not installed.
module DebianPackage
  PLACE = "/mnt/unpacked"

  module_function

  # @param name [String] the directory in the cache
  # @param packages [Array<String>] with their architectures, where these are not this system's
  # @return [String] the path of the directory
  def unpack(name, packages, release)
    Root.keep(name) do |path, log|
      Cross.root.run(script(packages, release), mounts: { path => PLACE }, log: log) ||
        abort("#{packages.join(' and ')} could not be unpacked: see #{log}")
    end
  end

  def script(packages, release)
    <<~SH
      #{DebianSource.use(Root.sources(release))}
      cd /tmp
      apt-get -qq download #{packages.join(' ')}
      for package in *.deb; do dpkg --extract "$package" #{PLACE}; done
    SH
  end
end
