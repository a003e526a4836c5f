#pragma once
#include <string_view>

#include "base/result.h"
#include "broker/subscription/json_fields.h"
#include "broker/subscription/subscription.h"

namespace machi::broker {

/// Reads the body of `POST /v2/subscriptions`. Tenant, id, service path and owner are the caller's to fill in. Errors
/// carry Orion's sentences: parse_error (no JSON object), bad_request, not_implemented (Kafka).
[[nodiscard]] Result<Subscription> parse_subscription(std::string_view body, ngsiv2::Rules rules = {});

/// Applies the body of `PATCH /v2/subscriptions/{id}`: each top-level field that is there replaces what was; inside
/// them onlyChangedAttrs, covered, exceptAttrs and notifyOnMetadataChange keep their values when not named, as in
/// Orion. On errors (as above) `subscription` stays as it was.
[[nodiscard]] Result<> patch_subscription(Subscription& subscription, std::string_view body, ngsiv2::Rules rules = {});

// The parts, for the parser's own files.
void parse_subject(JsonFields& fields, const Json& subject, Subscription& out);
void parse_notification(JsonFields& fields, const Json& notification, Notification& out);

}  // namespace machi::broker
