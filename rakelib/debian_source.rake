# frozen_string_literal: true

# Sources of Debian's packages.
module DebianSource
  module_function

  # The archive's list may name newer versions than the archive has.
  # @return [String] a shell script that unpacks one, as upstream published it, where the script is run
  def fetch(package, release)
    <<~SH
      echo 'deb-src #{Root.archive} #{release} main' >/etc/apt/sources.list.d/sources.list
      apt-get -qq update
      for version in $(apt-cache showsrc --only-source #{package} | sed -n 's/^Version: //p' | sort --version-sort -ru); do
        if apt-get -qq source --download-only --only-source "#{package}=$version"; then break; fi
      done
      tar --extract --strip-components=1 --file "$(ls #{package}_*.orig.tar.* | grep --invert-match '[.]asc$')"
    SH
  end

  # @param steps [String] a shell script that is run where the source is
  # @return [String] one that unpacks it first, below /tmp
  def build(package, release, steps)
    <<~SH
      mkdir /tmp/#{package}
      cd /tmp/#{package}
      #{fetch(package, release)}
      #{steps}
    SH
  end
end
