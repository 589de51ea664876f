# frozen_string_literal: true

# Sources of Debian's packages, and what is compiled from them.
module DebianSource
  module_function

  # Others may fetch in the same root, so apt has its lists below /tmp, which is each one's own.
  # @param sources [Array<String>] lines of sources.list(5)
  # @return [String] a shell script that has apt use these alone
  def use(sources)
    <<~SH
      mkdir -p /tmp/lists
      export APT_CONFIG=/tmp/apt.conf
      cat >$APT_CONFIG <<'END'
      Dir::Etc::SourceList "/tmp/sources.list";
      Dir::Etc::SourceParts "/dev/null";
      Dir::State::Lists "/tmp/lists";
      Dir::Cache::pkgcache "";
      Dir::Cache::srcpkgcache "";
      END
      cat >/tmp/sources.list <<'END'
      #{sources.join("\n")}
      END
      apt-get -qq update
    SH
  end

  # The archive's list may name newer versions than the archive has.
  # @return [String] a shell script that unpacks one, as upstream published it, where the script is run
  def fetch(package, release)
    <<~SH
      #{use(["deb-src #{Root.archive} #{release} main"])}
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
  # @yieldreturn [Root, Place] where they run; asked for only if that is not in the cache
  # @return [String] the path of the directory
  def compile(name, packages, release, prefix, before: "")
    Root.keep(name) do |path, log|
      puts "Building #{name} of #{packages.keys.join(', ')} (#{log})"
      script = [before, *packages.map { |package, steps| build(package, release, steps) }]
      yield.run(script.join("\n"), mounts: { path => prefix }, log: log) || abort("it could not be built: see #{log}")
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
