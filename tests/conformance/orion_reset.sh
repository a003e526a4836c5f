#!/bin/bash
# Empties the database of a broker role: what Orion's dbInit, dbDrop and dbResetAll mean.
set -euo pipefail
# shellcheck source=tests/conformance/orion_database.sh
. "$(dirname "$0")/orion_database.sh"
[ "${ORION_DB:-}" != '*' ] || ORION_DB=ftest
# A tenant's database of Orion is a tenant of ours.
tenant=${ORION_TENANT:-}
database=$(database_of "${ORION_DB%"-$tenant"}")
sql() { psql -X -q -v ON_ERROR_STOP=1 -h "$cluster" -U machi "$@"; }
if ! sql -d "$database" -c "select" >/dev/null 2>&1; then
  sql -d postgres -c "create database \"$database\"" >/dev/null
  sql -d "$database" -c "create extension if not exists postgis; create extension if not exists btree_gist" >/dev/null
  exit 0
fi
if [ -n "$tenant" ]; then
  # Brokers that run know the tenant by its number, so its row stays.
  for table in entity entity_geometry removed_entity history subscription pending_delivery registration; do
    echo "delete from machi.$table where tenant = (select id from machi.tenant where name = '$tenant');"
  done | sql -d "$database" >/dev/null || true
  exit 0
fi
sql -d "$database" >/dev/null <<'SQL' || true
set client_min_messages = warning;
truncate machi.entity, machi.entity_geometry, machi.removed_entity, machi.change_log, machi.history, machi.subscription,
  machi.pending_delivery, machi.registration, machi.consumer, machi.node, machi.resource, machi.secret_key,
  machi.tenant restart identity;
insert into machi.tenant (name) values ('');
SQL
