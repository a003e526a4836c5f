-- Resource declarations: what staff manage, and what came of it.

-- Tenants are a resource too; they had no revision yet.
alter table machi.tenant
  add revision bigint not null default 1,
  add modified timestamptz not null default now(),
  add modified_by text not null default 'anonymous';

-- Indexes of declared attributes, one row an attribute whoever declared it: an index serves all tenants, each entry led
-- by its tenant. A row without declaration is an index that is still to be dropped.
create table machi.attribute_index (
  attribute text collate "C" primary key,
  state text not null check (state in ('building', 'ready', 'failed')),
  -- What has been built: the index for numbers and dates, the one for texts.
  ordinal boolean not null default false,
  texts boolean not null default false,
  reason text,
  changed timestamptz not null default now()
);

create index audit_by_resource on machi.audit (resource, recorded desc);
create index audit_by_principal on machi.audit (principal, recorded desc);
