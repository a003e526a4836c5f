-- The read of one entity by id, as Machi asks it (src/broker/store/statements.cpp, entity_find).
\set id random(0, :last)
select e.entity_key, e.id, e.type, e.service_path, e.created, e.modified, e.expires, e.version, e.document
from machi.entity e where e.tenant = :tenant and e.id = 'Sensor-' || :id::text order by e.created, e.entity_key;
