-- Context broker: current state, change log, history, subscriptions, registrations, and what nodes share.
-- Every key starts with the tenant, so that a sharded PostgreSQL can distribute by it.

create table machi.tenant (
  id integer primary key generated always as identity,
  name text collate "C" not null unique,
  settings jsonb not null default '{}',
  created timestamptz not null default now()
);
insert into machi.tenant (name) values ('');

-- Nodes take entity keys in blocks of 1024: key = block * 1024 + 0…1023.
create sequence machi.entity_key_block;

-- Rows up to 8 kB stay in the page: an entity of 1 kB with its search column must not be moved out of line,
-- and the free space of each page keeps updates in it (HOT).
create table machi.entity (
  tenant integer not null,
  entity_key bigint not null,
  slot smallint not null,
  version bigint not null,
  created timestamptz not null,
  modified timestamptz not null,
  expires timestamptz,
  id text collate "C" not null,
  type text collate "C" not null,
  service_path text collate "C" not null,
  -- Of the last change: a notification that comes back to the entity that caused it is recognised by it.
  correlator text not null,
  document text not null,
  search jsonb not null,
  primary key (tenant, entity_key)
) with (fillfactor = 60, toast_tuple_target = 8160, autovacuum_vacuum_scale_factor = 0.05);
create unique index entity_identity on machi.entity (tenant, id, type, service_path);
create index entity_by_type on machi.entity (tenant, type, created, entity_key);
create index entity_by_creation on machi.entity (tenant, created, entity_key);
create index entity_by_expiry on machi.entity (expires) where expires is not null;

create table machi.entity_geometry (
  tenant integer not null,
  entity_key bigint not null,
  attribute text collate "C" not null,
  dataset text collate "C" not null default '',
  geom geometry(Geometry, 4326) not null,
  primary key (tenant, entity_key, attribute, dataset)
);
create index entity_geometry_shape on machi.entity_geometry using gist (tenant, geom);
create index entity_geometry_earth on machi.entity_geometry using gist (tenant, (geom::geography));

-- Names of entities that are gone, so that their history can still be asked for.
create table machi.removed_entity (
  tenant integer not null,
  entity_key bigint not null,
  id text collate "C" not null,
  type text collate "C" not null,
  service_path text collate "C" not null,
  removed timestamptz not null,
  primary key (tenant, entity_key)
);
create index removed_entity_identity on machi.removed_entity (tenant, id);

-- One row an accepted change, written in the transaction of the change. `transaction` and `sequence` give the order:
-- a consumer reads transactions below the oldest one still running, ordered by sequence, which is taken after the entity row is locked.
create sequence machi.change_sequence;
create table machi.change_log (
  sequence bigint not null default nextval('machi.change_sequence'),
  transaction xid8 not null default pg_current_xact_id(),
  recorded timestamptz not null,
  kind smallint not null,
  slot smallint not null,
  tenant integer not null,
  entity_key bigint not null,
  version bigint not null,
  alterations smallint not null,
  id text not null,
  type text not null,
  service_path text not null,
  correlator text not null,
  principal text not null,
  document text not null,
  detail text not null
) partition by range (recorded);
create index change_log_order on machi.change_log (transaction, sequence);

-- One row a changed attribute, in the same transaction.
create table machi.history (
  tenant integer not null,
  entity_key bigint not null,
  operation smallint not null,
  kind smallint not null,
  recorded timestamptz not null,
  observed timestamptz not null,
  number double precision,
  attribute text collate "C" not null,
  dataset text collate "C" not null default '',
  type text not null,
  value text not null,
  metadata text
) partition by range (recorded);
create index history_by_attribute on machi.history (tenant, entity_key, attribute, observed);

-- Partitions are made ahead of time; two nodes may ask at once.
create function machi.ensure_partition(parent text, suffix text, lower_bound timestamptz, upper_bound timestamptz) returns boolean
language plpgsql as $$
declare
  child text := parent || '_' || suffix;
begin
  if to_regclass('machi.' || child) is not null then
    return false;
  end if;
  perform pg_advisory_xact_lock(hashtext('machi.partition'), hashtext(parent));
  if to_regclass('machi.' || child) is not null then
    return false;
  end if;
  execute format('create table machi.%I partition of machi.%I for values from (%L) to (%L)', child, parent, lower_bound, upper_bound);
  return true;
end $$;

-- The log is partitioned by hour and history by month (UTC), from an hour (a month) ago to `ahead`.
create function machi.ensure_partitions(ahead interval) returns integer
language plpgsql as $$
declare
  made integer := 0;
  hour timestamp := date_trunc('hour', now() at time zone 'utc') - interval '1 hour';
  month timestamp := date_trunc('month', now() at time zone 'utc') - interval '1 month';
  until timestamp := (now() + ahead) at time zone 'utc';
begin
  while hour <= until loop
    if machi.ensure_partition('change_log', to_char(hour, 'YYYYMMDDHH24'), hour at time zone 'utc',
                              (hour + interval '1 hour') at time zone 'utc') then
      made := made + 1;
    end if;
    hour := hour + interval '1 hour';
  end loop;
  while month <= until + interval '1 month' loop
    if machi.ensure_partition('history', to_char(month, 'YYYYMM'), month at time zone 'utc',
                              (month + interval '1 month') at time zone 'utc') then
      made := made + 1;
    end if;
    month := month + interval '1 month';
  end loop;
  return made;
end $$;
select machi.ensure_partitions(interval '48 hours');

create table machi.subscription (
  tenant integer not null,
  id text collate "C" not null,
  service_path text collate "C" not null,
  owner text not null,
  definition text not null,
  created timestamptz not null,
  modified timestamptz not null,
  -- Changes before this position are older than the subscription and do not concern it.
  created_sequence bigint not null,
  revision bigint not null default 1,
  -- What deliveries change, apart from the definition: a conditional update decides one-shot and throttling.
  status text not null,
  times_sent bigint not null default 0,
  fails_counter bigint not null default 0,
  dropped bigint not null default 0,
  last_notification timestamptz,
  last_success timestamptz,
  last_success_code integer,
  last_failure timestamptz,
  last_failure_reason text,
  primary key (tenant, id)
) with (fillfactor = 70);

-- Deliveries that failed and wait for another try.
create table machi.pending_delivery (
  tenant integer not null,
  subscription text collate "C" not null,
  sequence bigint not null,
  slot smallint not null,
  entity_key bigint not null,
  version bigint not null,
  event text not null,
  attempts integer not null,
  first_attempt timestamptz not null,
  next_attempt timestamptz not null,
  primary key (tenant, subscription, sequence)
);
create index pending_delivery_due on machi.pending_delivery (slot, next_attempt);

create table machi.registration (
  tenant integer not null,
  id text collate "C" not null,
  service_path text collate "C" not null,
  owner text not null,
  definition text not null,
  created timestamptz not null,
  modified timestamptz not null,
  revision bigint not null default 1,
  times_sent bigint not null default 0,
  last_forwarding timestamptz,
  last_success timestamptz,
  last_failure timestamptz,
  primary key (tenant, id)
);

-- A consumer's place in the log, a row a slot. The node that holds the lease moves it on; the fencing number
-- grows with every new holder, so that a node that lost its lease cannot move the place back.
create table machi.consumer (
  name text collate "C" not null,
  slot smallint not null,
  horizon xid8 not null,
  epoch bigint not null,
  node text,
  fencing bigint not null default 0,
  lease_until timestamptz,
  primary key (name, slot)
) with (fillfactor = 50);

create table machi.node (
  id text primary key,
  address text not null,
  started timestamptz not null,
  seen timestamptz not null
);

create table machi.job (
  name text primary key,
  owner text not null,
  schedule text not null,
  next_run timestamptz not null,
  running_on text,
  running_until timestamptz,
  attempts integer not null default 0
);
create table machi.job_run (
  id bigint primary key generated always as identity,
  job text not null,
  node text not null,
  started timestamptz not null,
  finished timestamptz,
  outcome text,
  message text
);
create index job_run_by_job on machi.job_run (job, started desc);

create table machi.audit (
  id bigint primary key generated always as identity,
  recorded timestamptz not null default now(),
  tenant integer,
  principal text not null,
  operation text not null,
  resource text not null,
  outcome text not null,
  correlator text not null,
  detail jsonb
);
create index audit_by_time on machi.audit (recorded desc);

-- Whatever staff manage through a resource declaration.
create table machi.resource (
  tenant integer not null,
  kind text collate "C" not null,
  name text collate "C" not null,
  document jsonb not null,
  revision bigint not null default 1,
  created timestamptz not null default now(),
  modified timestamptz not null default now(),
  modified_by text not null,
  primary key (tenant, kind, name)
);
