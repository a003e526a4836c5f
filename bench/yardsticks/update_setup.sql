-- Tables of the yardsticks' own, as Machi's but in one partition: what SQL writes into a document is not in the form in
-- which Machi keeps it, and Machi's dispatcher must not read the yardstick's log.
drop schema if exists bench cascade;
create schema bench;
create table bench.entity (like machi.entity including all)
  with (fillfactor = 60, toast_tuple_target = 8160, autovacuum_vacuum_scale_factor = 0.05);
create table bench.change_log (like machi.change_log including all);
create table bench.history (like machi.history including all);
insert into bench.entity select * from machi.entity;
vacuum analyze bench.entity;
create or replace function bench.update_temperature(wanted_tenant integer, wanted_id text, measured numeric) returns void
language plpgsql as $$
declare
  e bench.entity;
  attribute jsonb;
begin
  select * into strict e from bench.entity where tenant = wanted_tenant and id = wanted_id for no key update;
  attribute := jsonb_build_object('type', 'Number', 'value', measured,
    'created', e.document::jsonb -> 'temperature' -> 'created', 'modified', (extract(epoch from now()) * 1000000)::bigint);
  update bench.entity set version = version + 1, modified = now(),
    document = jsonb_set(e.document::jsonb, '{temperature}', attribute)::text,
    search = jsonb_set(e.search, '{temperature}', jsonb_build_object('n', measured))
  where tenant = e.tenant and entity_key = e.entity_key returning version, document into e.version, e.document;
  insert into bench.change_log (recorded, kind, slot, tenant, entity_key, version, alterations, id, type, service_path,
    correlator, principal, document, detail)
  values (now(), 1, e.slot, e.tenant, e.entity_key, e.version, 2, e.id, e.type, e.service_path, gen_random_uuid()::text,
    'anonymous', e.document, '{"kinds": {"temperature": 2}}');
  insert into bench.history (tenant, entity_key, operation, kind, recorded, observed, number, attribute, type, value)
  values (e.tenant, e.entity_key, 2, 0, now(), now(), measured, 'temperature', 'Number', measured::text);
end $$;
