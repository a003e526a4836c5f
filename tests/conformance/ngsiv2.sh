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

# One throw-away cluster for all cases; each broker role gets a database of its own, emptied at dbInit.
cluster=$(mktemp -d /tmp/machi-conformance-XXXXXX)
as_postgres() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }
[ "$(id -u)" != 0 ] || chown postgres "$cluster"
chmod 755 "$cluster"
stop() { as_postgres "$programs/pg_ctl" -D "$cluster/data" -m immediate stop >/dev/null 2>&1 || true; rm -rf "$cluster"; }
trap stop EXIT
as_postgres "$programs/initdb" -D "$cluster/data" -A trust -U machi -E UTF8 --locale=C.UTF-8 >/dev/null
as_postgres "$programs/pg_ctl" -D "$cluster/data" -w -l "$cluster/log" -o "-c listen_addresses='' -c unix_socket_directories=$cluster \
  -c unix_socket_permissions=0777 -c fsync=off -c full_page_writes=off -c synchronous_commit=off -c max_connections=300" start >/dev/null
export MACHI_CONFORMANCE_CLUSTER=$cluster

python3 "$MACHI_CONFORMANCE_RUNNER" --orion "$MACHI_ORION_CHECKOUT" --list "$cases" --base-url http://localhost:9999 \
  --start-cmd "$here/orion_flags.sh {port} {db} {args}" --reset-cmd "$here/orion_reset.sh" "$@"
