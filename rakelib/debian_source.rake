# frozen_string_literal: true

# Sources of Debian's packages, and what is compiled from them.
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

  # @param name [String] the directory in the cache
  # @param packages [Hash{String => String}] shell scripts that build each where its source is
  # @param prefix [String] what the directory is mounted as while they run
  # @param before [String] a shell script that is run first
  # @param options [Hash] as of {Root#run}
  # @yieldreturn [Root] where they run; asked for only if that is not in the cache
  # @return [String] the path of the directory
  def compile(name, packages, release, prefix, before: "", mounts: {}, **options)
    Root.keep(name) do |path, log|
      puts "Building #{name} of #{packages.keys.join(', ')} (#{log})"
      script = [before, *packages.map { |package, steps| build(package, release, steps) }]
      yield.run(script.join("\n"), mounts: { path => prefix, **mounts }, log: log, **options) ||
        abort("it could not be built: see #{log}")
    end
  end

  # @return [String] a shell script that unpacks the source below /tmp, and runs the steps there
  def build(package, release, steps)
    <<~SH
      mkdir /tmp/#{package}
      cd /tmp/#{package}
      #{fetch(package, release)}
      #{steps}
    SH
  end
end
