#!/bin/bash
# Runs FIWARE Orion's functional cases against Machi.
#   MACHI_CONFORMANCE_RUNNER    run_cases.py, which re-implements Orion's test harness
#   MACHI_ORION_CHECKOUT  a checkout of telefonicaid/fiware-orion (read only; nothing of it is kept)
#   MACHI_ORION_CASES     list of cases; default: cases.txt beside the runner
# Further arguments go to the runner (patterns, --jobs 2, --keep FOLDER, …).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
: "${MACHI_CONFORMANCE_RUNNER:?path of run_cases.py}" "${MACHI_ORION_CHECKOUT:?path of a checkout of Orion}"
cases=${MACHI_ORION_CASES:-$(dirname "$MACHI_CONFORMANCE_RUNNER")/cases.txt}
export MACHI_PROGRAM=${MACHI_PROGRAM:-$here/../../build/release/machi}
programs=$(find /usr/lib/postgresql -maxdepth 2 -name bin | sort -V | tail -n 1)

# A throw-away cluster for each case that runs at a time (a transaction of one would hold back the notifications of its neighbours); each broker role
# gets a database of its own, emptied at dbInit.
jobs=1 previous=
for argument in "$@"; do
  [ "$previous" != --jobs ] || jobs=$argument
  previous=$argument
done
MACHI_CONFORMANCE_CLUSTERS=$(mktemp -d /tmp/machi-conformance-XXXXXX)
export MACHI_CONFORMANCE_CLUSTERS
as_postgres() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }
stop() {
  for cluster in "$MACHI_CONFORMANCE_CLUSTERS"/*[0-9]; do
    [ ! -d "$cluster/data" ] || as_postgres "$programs/pg_ctl" -D "$cluster/data" -m immediate stop >/dev/null 2>&1 || true
  done
  rm -rf "$MACHI_CONFORMANCE_CLUSTERS"
}
trap stop EXIT
chmod 755 "$MACHI_CONFORMANCE_CLUSTERS"
for ((job = 0; job < jobs; job++)); do
  cluster=$MACHI_CONFORMANCE_CLUSTERS/$job
  mkdir "$cluster"
  [ "$(id -u)" != 0 ] || chown postgres "$cluster"
  as_postgres "$programs/initdb" -D "$cluster/data" -A trust -U machi -E UTF8 --locale=C.UTF-8 >/dev/null
  as_postgres "$programs/pg_ctl" -D "$cluster/data" -w -l "$cluster/log" -o "-c listen_addresses='' -c unix_socket_directories=$cluster \
    -c unix_socket_permissions=0777 -c fsync=off -c full_page_writes=off -c synchronous_commit=off -c max_connections=100 -c shared_buffers=32MB" start >/dev/null
done

python3 "$MACHI_CONFORMANCE_RUNNER" --orion "$MACHI_ORION_CHECKOUT" --list "$cases" --base-url http://localhost:9999 \
  --start-cmd "$here/orion_flags.sh {port} {db} {args}" --reset-cmd "$here/orion_reset.sh" "$@"
