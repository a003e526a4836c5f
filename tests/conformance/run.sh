#!/bin/bash
# run.sh RUNNER CHECKOUT RESULTS: all of Orion's listed cases, two at a time; prints `PASSED FAILED` by the lenient verdict. What the runner says and
# the outputs that differ stand in RESULTS/orion.
set -euo pipefail
export MACHI_CONFORMANCE_RUNNER=$1 MACHI_ORION_CHECKOUT=$2
folder=$3/orion
mkdir -p "$folder"
"$(dirname "$0")/ngsiv2.sh" --jobs 2 --keep "$folder" --json "$folder/results.json" >"$folder/log" 2>&1 || true
sed -n 's/^lenient .*: \([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$folder/log" | grep . || { tail -n 20 "$folder/log" >&2; echo 0 1; }
