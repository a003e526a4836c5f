#include "broker/subscription/subscription_parser.h"

namespace machi::broker {
namespace {

constexpr std::size_t kMaxDescription = 1024;
constexpr Timestamp kEarliestExpiry{-2'208'988'800'000'000};  // 1900, as in Orion
constexpr std::string_view kBadJson = "Errors found in incoming JSON buffer";

void parse_description(JsonFields& fields, const Json& body, Subscription& out) {
  const auto description = fields.text(body, "description");
  if (!description) return;
  fields.require(description->size() <= kMaxDescription, "max description length exceeded");
  fields.require(!fields.has_forbidden(*description), "forbidden characters in description");
  out.description = *description;
}

void parse_expiry(JsonFields& fields, const Json& body, Subscription& out) {
  const auto expires = fields.text(body, "expires");
  if (!expires) return;
  out.expires = expires->empty() ? std::nullopt : parse_iso8601(*expires);
  fields.require(expires->empty() || (out.expires && *out.expires >= kEarliestExpiry), "expires has an invalid format");
}

void parse_status(JsonFields& fields, const Json& body, Subscription& out) {
  const auto status = fields.text(body, "status");
  if (!status) return;
  fields.require(*status == "active" || *status == "inactive" || *status == "oneshot",
                 "status is not valid: it has to be either active, inactive or oneshot");
  out.status = subscription_status(*status);
}

Result<> parse_into(Subscription& out, std::string_view text, ngsiv2::Rules rules, bool complete) {
  const auto body = Json::parse(text);
  if (!body || !body->is_object()) return fail(ErrorCode::parse_error, std::string(kBadJson));
  if (body->as_object().empty()) return fail(ErrorCode::bad_request, "empty payload");

  JsonFields fields(rules);
  parse_description(fields, *body, out);
  if (const Json* const subject = body->find("subject")) {
    parse_subject(fields, *subject, out);
  } else if (complete) {
    fields.fail("no subject for subscription specified");
  }
  if (const Json* const notification = body->find("notification")) {
    parse_notification(fields, *notification, out.notification);
  } else if (complete) {
    fields.fail("no notification for subscription specified");
  }
  parse_expiry(fields, *body, out);
  parse_status(fields, *body, out);
  if (const auto throttling = fields.integer(*body, "throttling")) out.throttling = *throttling;
  if (!fields.ok()) return fail(*fields.error());
  return {};
}

}  // namespace

Result<Subscription> parse_subscription(std::string_view body, ngsiv2::Rules rules) {
  Subscription out;
  auto parsed = parse_into(out, body, rules, true);
  if (!parsed) return fail(std::move(parsed.error()));
  return out;
}

Result<> patch_subscription(Subscription& subscription, std::string_view body, ngsiv2::Rules rules) {
  Subscription patched = subscription;
  auto parsed = parse_into(patched, body, rules, false);
  if (!parsed) return fail(std::move(parsed.error()));
  subscription = std::move(patched);
  return {};
}

}  // namespace machi::broker
