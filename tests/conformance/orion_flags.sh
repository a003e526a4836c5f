#!/bin/bash
# Starts Machi as a case of Orion asks for it: orion_flags.sh PORT DATABASE [Orion's flags]. Flags that mean something here become settings; those about
# Orion's own insides (caches, pools, MongoDB) are dropped.
set -euo pipefail
# shellcheck source=tests/conformance/orion_database.sh
. "$(dirname "$0")/orion_database.sh"
port=$1
database=$(database_of "$2")
shift 2
export MACHI_DATABASE_URL="host=$cluster user=machi dbname=$database"
export MACHI_SERVER_LOOPS=1
export MACHI_NGSIV2_FORBIDDEN_CHARACTERS=orion MACHI_TENANTS_UNIQUE_ENTITY_IDS=false MACHI_NGSIV2_MQTT_FAILURE_REASON=false
export MACHI_OUTGOING_ALLOW=0.0.0.0/0,::/0
while [ $# -gt 0 ]; do
  case ${1#-} in
    corsOrigin) export MACHI_NGSIV2_CORS_ORIGIN=$2; shift ;;
    corsMaxAge) export MACHI_NGSIV2_CORS_MAX_AGE=$2; shift ;;
    inReqPayloadMaxSize) export MACHI_SERVER_BODY_BYTES=$2; shift ;;
    disableMetrics) export MACHI_NGSIV2_METRICS=false ;;
    statCounters) export MACHI_NGSIV2_STATISTICS_COUNTERS=true ;;
    httpTimeout) export MACHI_OUTGOING_TIMEOUT=${2}ms; shift ;;
    logLevel) case ${2,,} in debug | info | warn | error | fatal) export MACHI_LOG_LEVEL=${2,,} ;; none) export MACHI_LOG_LEVEL=off ;; esac; shift ;;
  esac
  shift
done
exec "$MACHI_PROGRAM" serve --port "$port"
