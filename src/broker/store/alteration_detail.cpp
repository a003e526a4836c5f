#include "broker/store/alteration_detail.h"

#include <algorithm>

#include "base/json.h"
#include "base/json_writer.h"

namespace machi::broker {

std::string alteration_detail(const Entity& after, const std::vector<AttributeAlteration>& altered,
                              std::string_view previous_correlator) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("created").integer(after.created.microseconds);
  if (after.expires) json.key("expires").integer(after.expires->microseconds);
  if (!previous_correlator.empty()) json.key("previous").string(previous_correlator);
  json.key("kinds").begin_object();
  std::vector<Attribute> before;
  for (const AttributeAlteration& a : altered) {
    json.key(a.name).integer(static_cast<int>(a.kind));
    if (a.before) before.push_back(*a.before);
  }
  json.end_object();
  if (!before.empty()) json.key("before").raw(to_document(before));
  json.end_object();
  return out;
}

Result<AlterationDetail> read_alteration_detail(std::string_view text) {
  const auto json = Json::parse(text);
  const Json* kinds = json ? json->find("kinds") : nullptr;
  if (kinds == nullptr || !kinds->is_object()) return fail(ErrorCode::internal, "a log row has no readable detail");
  AlterationDetail detail;
  if (const Json* v = json->find("created"); v != nullptr && v->is_integer()) detail.created = {v->as_integer()};
  if (const Json* v = json->find("expires"); v != nullptr && v->is_integer())
    detail.expires = Timestamp{v->as_integer()};
  if (const Json* v = json->find("previous"); v != nullptr && v->is_string())
    detail.previous_correlator = v->as_string();
  std::vector<Attribute> before;
  if (const Json* v = json->find("before")) {
    auto attributes = from_document(v->dump());
    if (!attributes) return fail(attributes.error());
    before = std::move(*attributes);
  }
  for (const auto& [name, kind] : kinds->as_object()) {
    AttributeAlteration a{name, static_cast<AttributeAlteration::Kind>(kind.as_integer())};
    const auto old = std::ranges::find(before, name, &Attribute::name);
    if (old != before.end()) a.before = std::move(*old);
    detail.altered.push_back(std::move(a));
  }
  return detail;
}

}  // namespace machi::broker
