-- Retention of history. A rule (kind history_retention) names a type of its tenant, or * for all others; the default
-- covers the rest. 0 seconds are for ever.

-- How long the history of each entity is kept, in seconds; null: for ever. Entities that are gone are among them.
create function machi.history_kept(default_seconds double precision)
returns table (tenant integer, entity_key bigint, seconds double precision)
language sql stable
as $$
  select n.tenant, n.entity_key,
    nullif(coalesce((own.document ->> 'keep_seconds')::double precision, (rest.document ->> 'keep_seconds')::double precision, default_seconds), 0)
  from (
    select e.tenant, e.entity_key, e.type from machi.entity e
    union all
    select r.tenant, r.entity_key, r.type from machi.removed_entity r) n
  left join machi.resource own on own.tenant = n.tenant and own.kind = 'history_retention' and own.name = n.type
  left join machi.resource rest on rest.tenant = n.tenant and rest.kind = 'history_retention' and rest.name = '*'
$$;

-- Drops months of history that nobody keeps: when every entity's rule allows it, or when nothing is left in them. The
-- last two months stay: rows still come into one, and both are made anew when they are missing. Rules cannot change
-- meanwhile; who waits for long for the tables gives up and is called again.
create function machi.drop_history(default_seconds double precision) returns integer
language plpgsql
as $$
declare
  month record;
  longest double precision;
  unneeded boolean;
  dropped integer := 0;
begin
  perform set_config('lock_timeout', '2s', true);
  lock table machi.resource in share mode;
  select case when count(*) filter (where k.seconds is null) = 0 then max(k.seconds) end into longest
  from machi.history_kept(default_seconds) k;
  for month in
    select c.relname as name, make_timestamp(substr(c.relname, 9, 4)::integer, substr(c.relname, 13, 2)::integer, 1, 0, 0, 0)
      + interval '1 month' as ends
    from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'machi.history'::regclass order by c.relname
  loop
    continue when month.ends > date_trunc('month', now() at time zone 'utc') - interval '1 month';
    unneeded := coalesce(month.ends at time zone 'utc' < now() - make_interval(secs => longest), false);
    if not unneeded then
      execute format('select not exists (select 1 from machi.%I)', month.name) into unneeded;
    end if;
    if unneeded then
      execute format('drop table machi.%I', month.name);
      dropped := dropped + 1;
    end if;
  end loop;
  return dropped;
end $$;
