// NGSIv2 request bodies, of every kind: whatever is accepted must survive apply, the stored document and rendering.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/json.h"
#include "broker/model/change.h"
#include "broker/model/document.h"
#include "broker/ngsiv2/entity_body.h"
#include "broker/ngsiv2/query_body.h"
#include "broker/ngsiv2/render.h"

namespace {

using namespace machi;
using namespace machi::broker;

void demand(bool holds) {
  if (!holds) std::abort();
}

void render_all(const Entity& entity) {
  const std::string document = to_document(entity.attributes);
  const auto back = from_document(document);
  demand(back && *back == entity.attributes);
  for (const auto form :
       {ngsiv2::Form::normalized, ngsiv2::Form::key_values, ngsiv2::Form::values, ngsiv2::Form::unique}) {
    std::string out;
    ngsiv2::render_entity({.id = entity.id, .type = entity.type, .service_path = "/", .document = document},
                          {.form = form}, out);
    demand(Json::parse(out).has_value());
  }
}

/// Creates an entity from the attributes, then applies them to it once more.
void apply_twice(ngsiv2::EntityBody body) {
  EntityChange change{.id = std::move(body.id), .type = std::move(body.type), .action = ChangeAction::upsert};
  change.attributes = std::move(body.attributes);
  const auto created = apply(nullptr, change, Timestamp{1});
  if (!created) return;
  render_all(created->after);
  const auto updated = apply(&created->after, change, Timestamp{2});
  if (updated) render_all(updated->after);
}

void read_entity(std::string_view body, ngsiv2::BodyForm form) {
  auto entity = ngsiv2::parse_entity(body, form);
  if (entity) apply_twice(std::move(*entity));
  auto attributes = ngsiv2::parse_attributes(body, form);
  if (attributes) apply_twice({.id = "E", .attributes = std::move(*attributes)});
}

void read_value(std::string_view body, ngsiv2::Rules rules) {
  for (auto parse : {ngsiv2::parse_attribute, ngsiv2::parse_json_value, ngsiv2::parse_text_value}) {
    auto attribute = parse("a", body, rules);
    if (attribute) apply_twice({.id = "E", .attributes = {std::move(*attribute)}});
  }
}

void read_batch(std::string_view body, ngsiv2::BodyForm form) {
  auto batch = ngsiv2::parse_batch_update(body, form);
  if (batch) {
    for (auto& entity : batch->entities) apply_twice(std::move(entity));
  }
  auto notified = ngsiv2::parse_notification(body, "", form.rules);
  if (notified) {
    for (auto& entity : *notified) apply_twice(std::move(entity));
  }
  const auto query = ngsiv2::parse_batch_query(body, form.rules);
  if (!query && query.error().message.empty()) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // The copy has exactly the input's size, so that a read beyond it is seen.
  const std::string body(reinterpret_cast<const char*>(data), size);
  for (const bool forbid : {false, true}) {
    const ngsiv2::Rules rules{.forbid_characters = forbid};
    for (const auto form : {ngsiv2::AttributeForm::normalized, ngsiv2::AttributeForm::key_values}) {
      read_entity(body, {form, rules});
      read_batch(body, {form, rules});
    }
    read_value(body, rules);
  }
  return 0;
}
