-- Partitions of the change log are made six hours ahead now, not two days: every reading plans over those that are there.
do $$
declare
  child text;
begin
  for child in
    select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'machi.change_log'::regclass
      and to_timestamp(substr(c.relname, 12), 'YYYYMMDDHH24')::timestamp > (now() + interval '6 hours') at time zone 'utc'
  loop
    execute format('drop table machi.%I', child);
  end loop;
end $$;
