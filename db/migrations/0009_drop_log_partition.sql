-- Dropping a partition locks the whole log. Whoever waits for that lock makes every write wait behind it, so it gives up
-- soon and is called again.
create function machi.drop_log_partition(name text) returns void
language plpgsql
as $$
begin
  perform set_config('lock_timeout', '2s', true);
  execute format('drop table machi.%I', name);
end $$;
