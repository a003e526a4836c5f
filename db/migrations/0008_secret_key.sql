-- A text that only the key of this database's secrets opens: a node with another key finds out before it seals anything.
create table machi.secret_key (
  single boolean primary key default true check (single),
  mark text not null
);
