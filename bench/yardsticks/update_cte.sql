-- The same work in one statement: the row is locked by its own update, log and history follow from what it returns.
\set id random(0, :last)
\set value random(0, 99999999)
with changed as (
  update bench.entity e set version = e.version + 1, modified = now(),
    document = jsonb_set(e.document::jsonb, '{temperature}', jsonb_build_object('type', 'Number', 'value', :value / 100.0,
      'created', e.document::jsonb -> 'temperature' -> 'created', 'modified', (extract(epoch from now()) * 1000000)::bigint))::text,
    search = jsonb_set(e.search, '{temperature}', jsonb_build_object('n', :value / 100.0))
  where e.tenant = :tenant and e.id = 'Sensor-' || :id::text
  returning e.slot, e.tenant, e.entity_key, e.version, e.id, e.type, e.service_path, e.document
), logged as (
  insert into bench.change_log (recorded, kind, slot, tenant, entity_key, version, alterations, id, type, service_path,
    correlator, principal, document, detail)
  select now(), 1, slot, tenant, entity_key, version, 2, id, type, service_path, gen_random_uuid()::text, 'anonymous', document,
    '{"kinds": {"temperature": 2}}'
  from changed
)
insert into bench.history (tenant, entity_key, operation, kind, recorded, observed, number, attribute, type, value)
select tenant, entity_key, 2, 0, now(), now(), :value / 100.0, 'temperature', 'Number', (:value / 100.0)::text from changed;
