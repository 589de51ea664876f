# frozen_string_literal: true

require "fileutils"

# A root for another processor whose packages are unpacked and not set up, so that making it takes no emulator, which
# would be most of the time. What programs ask for of what the set-up writes is written here. The release must have each
# of the packages.
class UnpackedRoot < Root
  UNPACK = <<~SH
    for package in var/cache/apt/archives/*.deb; do
      dpkg-deb --fsys-tarfile "$package" | tar --extract --keep-directory-symlink
    done
    rm -r var/cache/apt/archives debootstrap
  SH
  # The directory for the processes' files is a symbolic link until a system is set up.
  SETTINGS = <<~SH
    if [ -L proc ]; then rm proc && mkdir proc; fi
    for name in passwd group; do cp usr/share/base-passwd/$name.master etc/$name; done
    cp usr/share/libc-bin/nsswitch.conf etc
    authorities=usr/share/ca-certificates/mozilla
    if [ -d $authorities ]; then cat $authorities/*.crt >etc/ssl/certs/ca-certificates.crt; fi
  SH

  def initialize(release, packages, name, architecture)
    super(release, packages, name)
    @architecture = architecture
  end

  private

  # The emulator's user namespace may mount no other.
  def mounting_processes
    "mount --rbind /proc '#{path}/proc'"
  end

  def separate(command, streams)
    Emulator.run(@architecture, command, streams)
  end

  def make_inside
    debootstrap("--foreign", "--arch=#{@architecture}", *suites, "--include=#{@packages.join(',')}") &&
      system("sh", "-euc", "#{UNPACK}#{SETTINGS}", chdir: path, %i[out err] => [log, "a"]) && note_packages
  end

  # Nothing keeps account of what is unpacked, so further packages take a new root.
  def install
    FileUtils.rm_rf(@complete)
    make
  end

  def suites
    base == @release ? [] : ["--extra-suites=#{@release}"]
  end
end
