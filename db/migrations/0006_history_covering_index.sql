-- Aggregates over an attribute read its numbers from the index alone.
drop index machi.history_by_attribute;
create index history_by_attribute on machi.history (tenant, entity_key, attribute, observed) include (number);
