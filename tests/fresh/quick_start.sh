#!/bin/bash
# Starts Machi as a newcomer does and walks through docs/quickstart.md.
set -euo pipefail
cd -- "$(dirname -- "$0")/../.."

output=$(mktemp)
./run --port 0 >"$output" &
machi=$!
trap 'kill $machi 2>/dev/null; wait $machi 2>/dev/null; rm -f "$output"' EXIT
for _ in $(seq 600); do
  url=$(sed -n 's/^listening on //p' "$output")
  [ -z "$url" ] || break
  kill -0 $machi
  sleep 0.2
done
[ -n "$url" ]
curl -s -f -o /dev/null "$url/"
node tests/quickstart/walk.mjs "$url" machi-data
