-- One attribute changed, as an application would write it: lock and read, then state, log and history, statement by
-- statement.
\set id random(0, :last)
\set value random(0, 99999999)
begin;
select e.entity_key as entity_key from bench.entity e
where e.tenant = :tenant and e.id = 'Sensor-' || :id::text for no key update \gset
update bench.entity e set version = e.version + 1, modified = now(),
  document = jsonb_set(e.document::jsonb, '{temperature}', jsonb_build_object('type', 'Number', 'value', :value / 100.0,
    'created', e.document::jsonb -> 'temperature' -> 'created', 'modified', (extract(epoch from now()) * 1000000)::bigint))::text,
  search = jsonb_set(e.search, '{temperature}', jsonb_build_object('n', :value / 100.0))
where e.tenant = :tenant and e.entity_key = :entity_key;
insert into bench.change_log (recorded, kind, slot, tenant, entity_key, version, alterations, id, type, service_path,
  correlator, principal, document, detail)
select now(), 1, e.slot, e.tenant, e.entity_key, e.version, 2, e.id, e.type, e.service_path,
  gen_random_uuid()::text, 'anonymous', e.document, '{"kinds": {"temperature": 2}}'
from bench.entity e where e.tenant = :tenant and e.entity_key = :entity_key;
insert into bench.history (tenant, entity_key, operation, kind, recorded, observed, number, attribute, type, value)
values (:tenant, :entity_key, 2, 0, now(), now(), :value / 100.0, 'temperature', 'Number', (:value / 100.0)::text);
commit;
