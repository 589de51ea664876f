# frozen_string_literal: true

# Runs programs for Windows.
module Wine
  PROGRAM = "/usr/lib/wine/wine64"
  # What wine takes for a system is made anew each time, and goes with the root's /tmp.
  ENVIRONMENT = {
    "WINEPREFIX" => "/tmp/wine", "WINEDEBUG" => "-all", "CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER" => PROGRAM
  }.freeze

  module_function

  # Runs a shell script in a root that has wine. Nothing of wine's goes on running after it.
  # @return [Boolean, nil] whether it succeeded
  def run(root, script, mounts, environment)
    root.run(<<~SH, mounts: { "/sys" => "/sys", **mounts }, environment: { **ENVIRONMENT, **environment })
      trap '/usr/lib/wine/wineserver64 -k || true' EXIT
      #{PROGRAM} wineboot --init >/dev/null 2>&1
      #{script}
    SH
  end
end
