#!/bin/bash
# Proves the two commands in a bare Debian: debootstrap, chroot, a clone of this repository's HEAD, ./run, the quick
# start, ./test, and both again without a network. Needs root. Packages come from where this machine takes them.
#
#   tests/fresh/run.sh [--keep] [--suite bookworm|trixie] [FOLDER]
set -euo pipefail
cd -- "$(dirname -- "$0")/../.."

keep=no suite=bookworm folder=
while [ $# -gt 0 ]; do
  case $1 in
    --keep) keep=yes && shift ;;
    --suite) suite=$2 && shift 2 ;;
    -*) sed -n '2,6s/^# \?//p' "$0" && exit 2 ;;
    *) folder=$1 && shift ;;
  esac
done
folder=${folder:-$(mktemp -d /var/tmp/machi-fresh-XXXXXX)}
passed=0 failed=0

say() { printf '[%2d:%02d] %s\n' $((SECONDS / 60)) $((SECONDS % 60)) "$*" >&2; }

# The first Debian archive that apt is set up with, in either form of its lists.
mirror() {
  {
    sed -n 's/^URIs: *//p' /etc/apt/sources.list.d/*.sources 2>/dev/null || true
    sed -nE 's/^deb +(\[[^]]*\] +)?([^ ]+) .*/\2/p' /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null || true
  } | tr ' ' '\n' | grep -E '/debian/?$' | head -1
}

# Copies a file of this machine, if there is one, to the same place in the root.
carry() {
  local file
  for file in "$@"; do
    [ -e "$file" ] || continue
    mkdir -p "$folder$(dirname "$file")"
    cp -rL "$file" "$folder$file"
  done
}

make_root() {
  local archive security
  # The root of a system is open to every account; mktemp's folder is not.
  chmod 755 "$folder"
  archive=$(mirror)
  security=${archive%/}-security
  debootstrap --variant=minbase "$suite" "$folder" "$archive" >"$folder.debootstrap.log"
  {
    echo "deb $archive $suite main"
    echo "deb $archive $suite-updates main"
    echo "deb $security $suite-security main"
  } >"$folder/etc/apt/sources.list"
  carry /etc/resolv.conf /etc/hosts /etc/pip.conf /usr/local/share/ca-certificates "$HOME/.npmrc" /usr/etc/npmrc
  find /etc/apt/apt.conf.d -maxdepth 1 -type f -exec grep -lEi 'proxy|acquire|cainfo' {} + 2>/dev/null | while read -r file; do carry "$file"; done
  # As in every container: installing a package starts no service.
  printf '#!/bin/sh\nexit 101\n' >"$folder/usr/sbin/policy-rc.d"
  chmod +x "$folder/usr/sbin/policy-rc.d"
}

mount_all() {
  mount -t proc proc "$folder/proc"
  mount --rbind /dev "$folder/dev"
  mount --make-rslave "$folder/dev"
  mount -t tmpfs tmpfs "$folder/tmp"
}

clean_up() {
  umount -R "$folder/proc" "$folder/dev" "$folder/tmp" 2>/dev/null || true
  if [ "$keep" = yes ]; then
    say "Kept: $folder"
  else
    rm -rf --one-file-system "$folder" "$folder.debootstrap.log"
  fi
}

# inside [--offline] COMMAND: runs a line of bash in the clone, as a newcomer's shell would.
inside() {
  local -a wrapper=()
  if [ "$1" = --offline ]; then
    # shellcheck disable=SC2016 # for the inner shell
    wrapper=(unshare --net bash -c 'ip link set lo up && exec "$@"' --)
    shift
  fi
  "${wrapper[@]}" env -i HOME=/root USER=root LANG=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    ${NODE_EXTRA_CA_CERTS:+NODE_EXTRA_CA_CERTS=$NODE_EXTRA_CA_CERTS} ${http_proxy:+http_proxy=$http_proxy} \
    ${https_proxy:+https_proxy=$https_proxy} \
    chroot "$folder" /bin/bash -c "cd /root/machi && $*"
}

# check NAME MOST_MINUTES COMMAND…
check() {
  local name=$1 minutes=$2 began=$SECONDS
  shift 2
  say "── $name"
  if "$@" >&2 && [ $((SECONDS - began)) -le $((minutes * 60)) ]; then
    passed=$((passed + 1))
    say "ok    $name ($((SECONDS - began)) s)"
  else
    failed=$((failed + 1))
    say "FAIL  $name ($((SECONDS - began)) s, at most $((minutes * 60)))"
  fi
}

trap clean_up EXIT
say "Bare Debian ($suite) in $folder"
mkdir -p "$folder"
make_root
git clone -q --no-hardlinks . "$folder/root/machi"
mount_all

check "./run sets everything up" 15 inside "./run --setup-only"
check "the quick start works" 3 inside "tests/fresh/quick_start.sh"
check "./test is green" 25 inside "./test"
check "./run sets up without a network" 2 inside --offline "./run --setup-only"
check "the quick start works without a network" 3 inside --offline "tests/fresh/quick_start.sh"
check "./test is green without a network" 20 inside --offline "./test"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
