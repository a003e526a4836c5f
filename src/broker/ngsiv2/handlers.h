#pragma once
#include "broker/ngsiv2/handling.h"

// The operations of the face, each an `Operation` (handling.h). They parse, call the store once, and render.
namespace machi::broker::ngsiv2 {

// entity_handlers.cpp: /v2/entities and below
Task<Result<net::Response>> list_entities(Call call, Context context);
Task<Result<net::Response>> create_entity(Call call, Context context);
Task<Result<net::Response>> retrieve_entity(Call call, Context context);
Task<Result<net::Response>> retrieve_attributes(Call call, Context context);
Task<Result<net::Response>> append_attributes(Call call, Context context);
Task<Result<net::Response>> update_attributes(Call call, Context context);
Task<Result<net::Response>> replace_attributes(Call call, Context context);
Task<Result<net::Response>> remove_entity(Call call, Context context);

// attribute_handlers.cpp: /v2/entities/{entityId}/attrs/{attrName} and below
Task<Result<net::Response>> retrieve_attribute(Call call, Context context);
Task<Result<net::Response>> update_attribute(Call call, Context context);
Task<Result<net::Response>> remove_attribute(Call call, Context context);
Task<Result<net::Response>> retrieve_value(Call call, Context context);
Task<Result<net::Response>> update_value(Call call, Context context);

// batch_handlers.cpp: /v2/op
Task<Result<net::Response>> batch_update(Call call, Context context);
Task<Result<net::Response>> batch_query(Call call, Context context);
Task<Result<net::Response>> notify(Call call, Context context);

// information_handlers.cpp: /v2/types, /v2, /version
Task<Result<net::Response>> list_types(Call call, Context context);
Task<Result<net::Response>> retrieve_type(Call call, Context context);
Task<Result<net::Response>> entry_points(Call call, Context context);
Task<Result<net::Response>> version(Call call, Context context);

// administration_handlers.cpp: /admin/metrics, /admin/log, /statistics
Task<Result<net::Response>> retrieve_metrics(Call call, Context context);
Task<Result<net::Response>> reset_metrics(Call call, Context context);
Task<Result<net::Response>> retrieve_log_level(Call call, Context context);
Task<Result<net::Response>> change_log_level(Call call, Context context);
Task<Result<net::Response>> retrieve_statistics(Call call, Context context);
Task<Result<net::Response>> reset_statistics(Call call, Context context);

}  // namespace machi::broker::ngsiv2
