#!/bin/bash
# Starts Machi as a newcomer does and walks through docs/quickstart.md.
set -euo pipefail
cd -- "$(dirname -- "$0")/../.."

exec {lines}< <(exec ./run --port 0)
machi=$!
trap 'kill $machi 2>/dev/null; wait $machi 2>/dev/null' EXIT
url=
while [ -z "$url" ] && IFS= read -r -u "$lines" line; do
  url=$(sed -n 's/^listening on //p' <<<"$line")
done
[ -n "$url" ]
curl -s -f -o /dev/null "$url/"
node tests/quickstart/walk.mjs "$url" machi-data
