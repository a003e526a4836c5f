#include "broker/store/statements.h"

namespace machi::broker::statements {

// Times travel as text and are parsed where they are needed: extract(epoch …) costs PostgreSQL a microsecond each.
#define MACHI_ENTITY_COLUMNS \
  "e.entity_key, e.id, e.type, e.service_path, e.created, e.modified, e.expires, e.version, e.document"

const db::Statement kFindMany{"entity_find_many", "select " MACHI_ENTITY_COLUMNS R"(, e.tenant
  from unnest($1::int[], $2::text[]) as wanted(tenant, id)
  join machi.entity e on e.tenant = wanted.tenant and e.id = wanted.id)"};

const db::Statement kLock{"entity_lock", "select " MACHI_ENTITY_COLUMNS R"(, e.tenant, e.correlator
  from unnest($1::int[], $2::text[]) as wanted(tenant, id)
  join machi.entity e on e.tenant = wanted.tenant and e.id = wanted.id
  order by e.tenant, e.entity_key for no key update of e)"};

const db::Statement kRemove{"entity_remove", R"(
  with gone as (
    delete from machi.entity_geometry g using unnest($1::int[], $2::bigint[]) as k(tenant, entity_key)
    where g.tenant = k.tenant and g.entity_key = k.entity_key)
  delete from machi.entity e using unnest($1::int[], $2::bigint[]) as k(tenant, entity_key)
  where e.tenant = k.tenant and e.entity_key = k.entity_key)"};

const db::Statement kRemember{"entity_remember", R"(
  insert into machi.removed_entity (tenant, entity_key, id, type, service_path, removed)
  select tenant, entity_key, id, type, service_path, $6::timestamptz
  from unnest($1::int[], $2::bigint[], $3::text[], $4::text[], $5::text[]) as r(tenant, entity_key, id, type, service_path))"};

const db::Statement kClaimIds{"entity_claim_ids", "select machi.claim_ids($1::int[], $2::text[], $3::bigint[])"};

const db::Statement kInsert{"entity_insert", R"(
  insert into machi.entity
    (tenant, entity_key, slot, version, created, modified, expires, id, type, service_path, correlator, document, search)
  select tenant, entity_key, slot, version, $12::timestamptz, $12::timestamptz, expires, id, type, service_path, correlator, document,
    search::jsonb
  from unnest($1::int[], $2::bigint[], $3::smallint[], $4::bigint[], $5::timestamptz[], $6::text[], $7::text[], $8::text[], $9::text[],
    $10::text[], $11::text[])
    as n(tenant, entity_key, slot, version, expires, id, type, service_path, correlator, document, search))"};

const db::Statement kUpdate{"entity_update", R"(
  update machi.entity e
  set version = u.version, modified = $8::timestamptz, expires = u.expires, correlator = u.correlator, document = u.document,
    search = u.search::jsonb
  from unnest($1::int[], $2::bigint[], $3::bigint[], $4::timestamptz[], $5::text[], $6::text[], $7::text[])
    as u(tenant, entity_key, version, expires, correlator, document, search)
  where e.tenant = u.tenant and e.entity_key = u.entity_key)"};

const db::Statement kLog{"change_log_insert", R"(
  insert into machi.change_log (recorded, kind, slot, tenant, entity_key, version, alterations, id, type, service_path, correlator,
    principal, document, detail)
  select $1::timestamptz, 1, l.*
  from unnest($2::smallint[], $3::int[], $4::bigint[], $5::bigint[], $6::smallint[], $7::text[], $8::text[], $9::text[], $10::text[],
    $11::text[], $12::text[], $13::text[]) as l)"};

const db::Statement kHistory{"history_insert", R"(
  insert into machi.history (recorded, tenant, entity_key, operation, kind, observed, number, attribute, dataset, type, value, metadata)
  select $1::timestamptz, h.tenant, h.entity_key, h.operation, h.kind, coalesce(h.observed, $1::timestamptz), h.number, h.attribute,
    h.dataset, h.type, h.value, h.metadata
  from unnest($2::int[], $3::bigint[], $4::smallint[], $5::smallint[], $6::timestamptz[], $7::float8[], $8::text[], $9::text[],
    $10::text[], $11::text[], $12::text[])
    as h(tenant, entity_key, operation, kind, observed, number, attribute, dataset, type, value, metadata))"};

const db::Statement kRemoveGeometry{"geometry_remove", R"(
  delete from machi.entity_geometry g using unnest($1::int[], $2::bigint[], $3::text[]) as k(tenant, entity_key, attribute)
  where g.tenant = k.tenant and g.entity_key = k.entity_key and g.attribute = k.attribute)"};

const db::Statement kInsertGeometry{"geometry_insert", R"(
  insert into machi.entity_geometry (tenant, entity_key, attribute, dataset, geom)
  select tenant, entity_key, attribute, dataset, st_setsrid(st_force2d(st_geomfromgeojson(geojson)), 4326)
  from unnest($1::int[], $2::bigint[], $3::text[], $4::text[], $5::text[]) as g(tenant, entity_key, attribute, dataset, geojson))"};

const db::Statement kKeyBlock{"entity_key_block", "select nextval('machi.entity_key_block')"};

std::string_view entity_columns() {
  return MACHI_ENTITY_COLUMNS;
}

#undef MACHI_ENTITY_COLUMNS

StoredEntity entity_at(const db::Rows& rows, std::size_t row) {
  StoredEntity e;
  e.key = EntityKey{rows.integer(row, 0)};
  e.id = rows.text(row, 1);
  e.type = rows.text(row, 2);
  e.service_path = rows.text(row, 3);
  e.created = parse_iso8601(rows.text(row, 4)).value_or(Timestamp{});
  e.modified = parse_iso8601(rows.text(row, 5)).value_or(Timestamp{});
  if (!rows.is_null(row, 6)) e.expires = parse_iso8601(rows.text(row, 6));
  e.version = rows.integer(row, 7);
  e.document = rows.text(row, 8);
  e.rows = rows;
  return e;
}

}  // namespace machi::broker::statements
