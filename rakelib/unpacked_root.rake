# frozen_string_literal: true

# A root for another processor whose packages are unpacked and not set up, so that making it takes no emulator. It is
# enough for programs that ask for no users and no services.
class UnpackedRoot < Root
  UNPACK = <<~SH
    for package in var/cache/apt/archives/*.deb; do
      dpkg-deb --fsys-tarfile "$package" | tar --extract --keep-directory-symlink
    done
    rm -r var/cache/apt/archives debootstrap
  SH

  private

  def make_inside
    system("debootstrap", "--variant=minbase", "--foreign", "--arch=#{@architecture}", *suites,
           "--include=#{@packages.join(',')}", base, path, Root.archive, out: log, err: log) &&
      system("sh", "-euc", UNPACK, chdir: path, %i[out err] => [log, "a"]) && note_packages
  end

  def suites
    base == @release ? [] : ["--extra-suites=#{@release}"]
  end
end
