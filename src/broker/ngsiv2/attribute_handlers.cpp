#include "broker/model/attribute_types.h"
#include "broker/ngsiv2/errors.h"
#include "broker/ngsiv2/handlers.h"
#include "broker/ngsiv2/render_metadata.h"

namespace machi::broker::ngsiv2 {
namespace {

/// Where one attribute is: names from the path.
struct Place {
  std::string id;
  std::string attribute;
};

Result<Place> place_in_path(const Call& call, const Context& context) {
  auto id = entity_id(call, context);
  if (!id) return fail(std::move(id.error()));
  auto name = attribute_name(call, context);
  if (!name) return fail(std::move(name.error()));
  return Place{std::move(*id), std::move(*name)};
}

/// Applies a change that concerns one attribute: that it does not exist is told as 404.
Task<Result<net::Response>> change_one(Call call, Context context, EntityChange change) {
  if (!context.parameters().type.empty()) change.type = context.parameters().type;
  auto outcome = co_await write(call, std::move(context), std::move(change));
  if (outcome) co_return net::Response::empty(204);
  const Error& error = outcome.error();
  if (error.code == ErrorCode::unprocessable && error.message.starts_with(kDoNotExist)) {
    co_return fail(errors::attribute_not_found());
  }
  co_return fail(error);
}

bool is_compound(std::string_view json) {
  return json.starts_with('{') || json.starts_with('[');
}

/// The text of a value that is no compound: strings keep their quotes but lose their escapes, moments come bare.
std::string plain_text(const AttributeView& attribute) {
  std::string out;
  if (is_date_type(attribute.type)) {
    append_date_value(attribute.value, out);
    if (out.starts_with('"')) return out.substr(1, out.size() - 2);
    return out;
  }
  if (!attribute.value.starts_with('"')) return std::string(attribute.value);
  return '"' + unescape(attribute.value.substr(1, attribute.value.size() - 2)) + '"';
}

Result<net::Response> value_response(const AttributeView& attribute, const Acceptance& accept) {
  if (is_compound(attribute.value)) {
    net::Response response = net::Response::json(200, std::string(attribute.value));
    if (accept.text_first) response.headers.set("Content-Type", "text/plain");
    return response;
  }
  if (!accept.text) return fail(ErrorCode::not_acceptable, "accepted MIME types: text/plain");
  net::Response response = net::Response::json(200, plain_text(attribute));
  response.headers.set("Content-Type", "text/plain");
  return response;
}

void append_key(std::string_view name, std::string& out) {
  out.append("{\"").append(name).append("\":");
}

}  // namespace

Task<Result<net::Response>> retrieve_attribute(Call call, Context context) {
  auto place = place_in_path(call, context);
  if (!place) co_return fail(std::move(place.error()));
  auto entity = co_await find_one(call, context, std::move(place->id));
  if (!entity) co_return fail(std::move(entity.error()));
  const auto attribute = find_attribute(entity->document, place->attribute);
  if (!attribute) co_return fail(errors::attribute_not_found());
  std::string body;
  if (context.has(Option::key_values)) {
    append_key(attribute->name, body);
    render_value(*attribute, body);
    body += '}';
  } else {
    render_attribute(*attribute, render_options(context.parameters()), body);
  }
  co_return net::Response::json(200, std::move(body));
}

Task<Result<net::Response>> update_attribute(Call call, Context context) {
  auto place = place_in_path(call, context);
  if (!place) co_return fail(std::move(place.error()));
  if (auto json = require_json(context); !json) co_return fail(std::move(json.error()));
  auto attribute = parse_attribute(place->attribute, call.request->body, context.rules);
  if (!attribute) co_return fail(std::move(attribute.error()));
  EntityChange change{.id = std::move(place->id), .action = ChangeAction::update};
  change.attributes.push_back(std::move(*attribute));
  co_return co_await change_one(call, std::move(context), std::move(change));
}

Task<Result<net::Response>> remove_attribute(Call call, Context context) {
  auto place = place_in_path(call, context);
  if (!place) co_return fail(std::move(place.error()));
  EntityChange change{.id = std::move(place->id), .action = ChangeAction::remove_attributes};
  change.attributes.push_back({.name = std::move(place->attribute)});
  co_return co_await change_one(call, std::move(context), std::move(change));
}

Task<Result<net::Response>> retrieve_value(Call call, Context context) {
  auto place = place_in_path(call, context);
  if (!place) co_return fail(std::move(place.error()));
  auto entity = co_await find_one(call, context, std::move(place->id));
  if (!entity) co_return fail(std::move(entity.error()));
  const auto attribute = find_attribute(entity->document, place->attribute);
  if (!attribute) co_return fail(errors::attribute_not_found());
  co_return value_response(*attribute, context.preamble.accept);
}

Task<Result<net::Response>> update_value(Call call, Context context) {
  auto place = place_in_path(call, context);
  if (!place) co_return fail(std::move(place.error()));
  const bool is_json = context.preamble.content_type == ContentType::json;
  auto attribute = is_json ? parse_json_value(place->attribute, call.request->body, context.rules)
                           : parse_text_value(place->attribute, call.request->body, context.rules);
  if (!attribute) co_return fail(std::move(attribute.error()));
  EntityChange change{.id = std::move(place->id), .action = ChangeAction::update};
  change.attributes.push_back(std::move(*attribute));
  // Only the value is meant here, whatever the options say.
  context.preamble.parameters.options &= ~(1U << static_cast<unsigned>(Option::override_metadata));
  co_return co_await change_one(call, std::move(context), std::move(change));
}

}  // namespace machi::broker::ngsiv2
