-- The read of one entity by id, one at a time; Machi asks for those of a turn together (src/broker/store/statements.cpp, entity_find_many).
\set id random(0, :last)
select e.entity_key, e.id, e.type, e.service_path, e.created, e.modified, e.expires, e.version, e.document
from machi.entity e where e.tenant = :tenant and e.id = 'Sensor-' || :id::text order by e.created, e.entity_key;
