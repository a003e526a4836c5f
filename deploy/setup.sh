# Shared parts of ./run, ./test and .ci/run: packages, build, web apps. Sourced, never run by itself.
# Nothing here touches a network when nothing is missing.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
root=$PWD
export root CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1 DEBIAN_FRONTEND=noninteractive

# Progress goes to standard error with the time since the start; results go to standard output.
say() { printf '[%2d:%02d] %s\n' $((SECONDS / 60)) $((SECONDS % 60)) "$*" >&2; }
stop() {
  say "$*"
  exit 1
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo --preserve-env=DEBIAN_FRONTEND "$@"
  else
    stop "Packages are missing and this account has no sudo. As root, run: $*"
  fi
}

# The entries of the named sections of deploy/packages.debian, one a line.
wanted_packages() {
  awk -v sections=" $* " '
    /^\[/ { gsub(/[][]/, ""); wanted = index(sections, " " $1 " "); next }
    wanted && !/^#/ && NF { print $1 }' deploy/packages.debian
}

# Prints what dpkg has installed as lines `name version`; a name that another package provides counts too.
installed_packages() {
  dpkg-query -W -f '${db:Status-Status}\t${Package}\t${Version}\t${Provides}\n' | awk -F '\t' '
    $1 == "installed" {
      print $2, $3
      gsub(/ *\([^)]*\)/, "", $4)
      count = split($4, provided, /, */)
      for (i = 1; i <= count; i++) if (provided[i] != "") print provided[i], $3
    }'
}

# Whether the alternative `name` or `name(>=version)` is among the installed packages.
is_installed() {
  local name=${1%%(*} least=""
  case $1 in *'(>='*) least=${1#*'(>='} least=${least%)} ;; esac
  local have=${installed[$name]-}
  [ -n "$have" ] && { [ -z "$least" ] || dpkg --compare-versions "$have" ge "$least"; }
}

missing_packages() {
  local -A installed=()
  local name version entry alternative found alternatives
  while read -r name version; do installed[$name]=$version; done < <(installed_packages)
  for entry in $(wanted_packages "$@"); do
    found=no
    IFS='|' read -ra alternatives <<<"$entry"
    for alternative in "${alternatives[@]}"; do
      if is_installed "$alternative"; then found=yes; fi
    done
    [ $found = yes ] || echo "$entry"
  done
}

# The first alternative of an entry that this release of Debian has.
available_name() {
  local alternative alternatives
  IFS='|' read -ra alternatives <<<"$1"
  for alternative in "${alternatives[@]}"; do
    if [ -n "$(apt-cache madison "${alternative%%(*}" 2>/dev/null)" ]; then
      echo "${alternative%%(*}"
      return
    fi
  done
  stop "No package for $1: Machi is built for Debian 12 and 13."
}

# install_packages SECTION…: installs what is missing of these sections of deploy/packages.debian.
install_packages() {
  command -v dpkg-query >/dev/null || stop "No dpkg here: install what deploy/packages.debian lists by hand."
  local missing entry
  local -a names=()
  missing=$(missing_packages "$@")
  [ -n "$missing" ] || return 0
  say "Installing packages ($*): $(echo "$missing" | tr '\n' ' ')"
  as_root apt-get update -q >&2
  for entry in $missing; do names+=("$(available_name "$entry")"); done
  no_cluster_of_debian
  as_root apt-get install -q -y --no-install-recommends -o Dpkg::Use-Pty=0 "${names[@]}" >&2
  say "Packages are installed."
}

# Debian's PostgreSQL package makes and starts a cluster of its own; Machi brings its own. Only where none was before.
no_cluster_of_debian() {
  [ -d /etc/postgresql-common ] && return
  as_root mkdir -p /etc/postgresql-common/createcluster.d
  echo "create_main_cluster = false" | as_root tee /etc/postgresql-common/createcluster.d/machi.conf >/dev/null
}

# build PRESET [TARGET…] [-- CMAKE OPTION…]
build() {
  local preset=$1
  shift
  local -a targets=()
  while [ $# -gt 0 ] && [ "$1" != -- ]; do
    targets+=(--target "$1")
    shift
  done
  [ $# -eq 0 ] || shift
  say "Building ($preset${targets[*]:+, ${targets[*]//--target /}}) …"
  cmake --preset "$preset" "$@" >"build/configure-$preset.log" 2>&1 || {
    tail -30 "build/configure-$preset.log" >&2
    stop "CMake failed; the whole of its words is in build/configure-$preset.log"
  }
  NINJA_STATUS='        [%f/%t, %es] ' cmake --build --preset "$preset" "${targets[@]}" >&2 || stop "The build ($preset) failed."
  say "Built ($preset)."
}

# A fingerprint of the files below the folders given, without what was installed or built there.
fingerprint() {
  find "$@" \( -name node_modules -o -name dist \) -prune -o -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -d ' ' -f 1
}

# npm ci, only when the lock file or Node itself has changed.
install_node_modules() {
  local state
  state="$(node --version) $(sha256sum <package-lock.json)"
  if [ "$(cat node_modules/.machi-state 2>/dev/null)" = "$state" ]; then return; fi
  say "Installing the web tools (npm ci) …"
  npm ci --no-audit --no-fund --ignore-scripts --loglevel=error >&2 || stop "npm ci failed."
  echo "$state" >node_modules/.machi-state
  say "Web tools are installed."
}

# Builds each web app whose sources have changed.
build_web() {
  install_node_modules
  local app state
  for app in web/*/vite.config.ts; do
    [ -e "$app" ] || continue
    app=$(dirname "$app")
    state=$(fingerprint web package-lock.json)
    if [ "$(cat "$app/dist/.machi-state" 2>/dev/null)" = "$state" ]; then continue; fi
    say "Building $app …"
    npm run --silent --workspace "$app" build >&2 || stop "The build of $app failed."
    echo "$state" >"$app/dist/.machi-state"
  done
}

mkdir -p build
