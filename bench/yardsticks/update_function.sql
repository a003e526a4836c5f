-- The same work in a function of the database (update_setup.sql): one round trip.
\set id random(0, :last)
\set value random(0, 99999999)
select bench.update_temperature(:tenant, 'Sensor-' || :id::text, :value / 100.0);
