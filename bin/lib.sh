# Shared by bin/test and bin/demo; read by bash's `source`.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# Ruby takes text for what the locale says, which on a bare machine is ASCII.
case $(locale charmap 2>/dev/null || true) in
  UTF-8) ;;
  *) export LC_ALL=C.UTF-8 ;;
esac

fail() {
  echo "${0##*/}: $*" >&2
  exit 1
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    fail "neither root nor sudo, and this is to be done: $*"
  fi
}

installed() {
  dpkg-query --show --showformat '${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed
}

# install_packages LIST…: installs from Debian what the lists name and the system lacks.
install_packages() {
  command -v apt-get >/dev/null || fail "this wants Debian's packages: see bin/packages for what to install"
  local name missing=()
  for name in $(sed 's/#.*//' "$@" | sort -u); do
    installed "$name" || missing+=("$name")
  done
  [ ${#missing[@]} = 0 ] && return

  echo "Installing ${missing[*]}"
  apt_get update
  apt_get install --no-install-recommends "${missing[@]}"
}

# Its output shows only where it fails. Servers among the packages are not started, unless a policy of the
# system's own says what is to be started.
apt_get() {
  local output
  # shellcheck disable=SC2016
  output=$(as_root env DEBIAN_FRONTEND=noninteractive sh -euc '
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
      trap "rm -f $policy" EXIT
      trap "exit 1" HUP INT TERM
      printf "#!/bin/sh\nexit 101\n" >"$policy"
      chmod 755 "$policy"
    fi
    apt-get -y -qq "$@"' sh "$@" 2>&1) ||
    fail "apt-get $1 failed: $output"
}

# Puts cargo in PATH where it is only in its usual directory.
find_cargo() {
  command -v cargo >/dev/null && return
  export PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
  command -v cargo >/dev/null || fail "no cargo in PATH nor in ~/.cargo/bin: install a Rust toolchain first"
}
