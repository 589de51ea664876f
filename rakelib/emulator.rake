# frozen_string_literal: true

require "io/nonblock"

# Runs programs for another processor by qemu, which the kernel starts for them (binfmt_misc) in namespaces of their
# own, so that nothing changes for the rest of the system. It needs Linux 6.7.
module Emulator
  # The release whose qemu knows what these programs call. It is linked statically, so it runs in any root.
  RELEASE = "trixie"
  INTERPRETERS = { "arm64" => "usr/bin/qemu-aarch64" }.freeze
  # The head of an ELF file, and the bits of it that count: little-endian, 64 bits, for this machine.
  HEADS = {
    "arm64" => ['\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00',
                '\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff']
  }.freeze
  # Waits until it has its users. The interpreter is opened here (F), runs with the rights of what it runs (C), and
  # leaves that its name (P).
  PROGRAM = <<~'SH'
    echo >&3; read -r _ <&4; exec 3>&- 4<&-
    mount -t binfmt_misc none /proc/sys/fs/binfmt_misc
    printf %s "$1" >/proc/sys/fs/binfmt_misc/register
    shift
    exec "$@"
  SH

  module_function

  # @return [Boolean] whether it succeeded
  def run(architecture, command, streams = {})
    unshared, tell = IO.pipe
    await, mapped = IO.pipe
    # Ruby's pipes do not block, and the shell takes such a one that is empty for one at its end.
    await.nonblock = false
    pid = Process.spawn("unshare", "--user", "--mount", "sh", "-euc", PROGRAM, "sh", rule(architecture), *command,
                        3 => tell, 4 => await, **streams)
    [tell, await].each(&:close)
    map_users(pid) if unshared.gets
    mapped.puts
    Process.wait2(pid).last.success?
  ensure
    [unshared, tell, await, mapped].compact.each(&:close)
  end

  def map_users(pid)
    %w[uid_map gid_map].each { |map| File.write("/proc/#{pid}/#{map}", "0 0 65536\n") }
  end

  def rule(architecture)
    head, mask = HEADS.fetch(architecture)
    interpreter = File.join(DebianPackage.unpack("qemu", %w[qemu-user], RELEASE), INTERPRETERS.fetch(architecture))
    ":qemu-#{architecture}:M::#{head}:#{mask}:#{interpreter}:POFC"
  end
end
