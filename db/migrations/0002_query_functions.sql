-- What the SQL of queries is made of. Simple enough that the planner puts the bodies in place of the calls, so that
-- an index on one of them is found by every query that uses it. `cell` is what the search column holds for an attribute
-- or a metadata ({"n": 20}, see docs/query.md), `member` is any JSON value.

-- A number, or a date in microseconds since 1970.
create function machi.ordinal(cell jsonb) returns double precision
language sql immutable parallel safe
as $$ select (coalesce(cell -> 'n', cell -> 'd'))::double precision $$;

-- The beginning of a string: short enough for an index, and equal to the whole for all shorter strings.
create function machi.text_key(cell jsonb) returns text
language sql immutable strict parallel safe
as $$ select left(cell ->> 's', 256) $$;

-- Order of kinds: null and missing, number and date, string, object, array, boolean.
create function machi.rank(cell jsonb) returns integer
language sql immutable parallel safe
as $$ select case when cell ? 'n' or cell ? 'd' then 1 when cell ? 's' then 2 when cell ? 'o' then 3 when cell ? 'a' then 4
  when cell ? 'b' then 5 else 0 end $$;

create function machi.number_of(member jsonb) returns double precision
language sql immutable parallel safe
as $$ select case when jsonb_typeof(member) = 'number' then member::double precision end $$;

create function machi.text_of(member jsonb) returns text
language sql immutable parallel safe
as $$ select case when jsonb_typeof(member) = 'string' then member #>> '{}' end $$;

-- When an attribute was made or changed, in microseconds: `which` is created or modified. Of several instances the default one
-- counts, else the first. Reads the whole document: for the rare filters on metadata dateCreated and dateModified.
create function machi.attribute_time(document text, attribute text, which text) returns bigint
language sql immutable strict parallel safe
as $$
  select (instance ->> which)::bigint
  from (select (document::jsonb) -> attribute as found) as d
  cross join lateral jsonb_array_elements(case jsonb_typeof(found) when 'array' then found else jsonb_build_array(found) end)
    with ordinality as i(instance, place)
  order by instance ? 'dataset', place
  limit 1
$$;
