-- Tenants in which an id names one entity whatever its type and service path: two transactions that make the same id at
-- once take turns here, and the second one sees the row of the first. Locks are taken in the order of their numbers, after
-- all row locks of the transaction, so nobody waits in a circle. A unique violation makes the writer begin again.
create function machi.claim_ids(tenants integer[], ids text[], keys bigint[]) returns void
language plpgsql
as $$
declare
  number bigint;
begin
  for number in
    select distinct hashtextextended(c.id, c.tenant::bigint) from unnest(tenants, ids) as c(tenant, id) order by 1
  loop
    perform pg_advisory_xact_lock(number);
  end loop;
  if exists (
    select 1 from unnest(tenants, ids, keys) as c(tenant, id, entity_key)
    join machi.entity e on e.tenant = c.tenant and e.id = c.id
    where e.entity_key <> c.entity_key and (e.expires is null or e.expires > now()))
  then
    raise unique_violation using message = 'an entity of this id exists';
  end if;
end $$;
