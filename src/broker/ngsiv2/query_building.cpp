#include "broker/ngsiv2/query_building.h"

#include <algorithm>

#include "broker/ngsiv2/errors.h"
#include "broker/query/geo_parser.h"
#include "broker/query/order.h"
#include "broker/query/q_parser.h"

namespace machi::broker::ngsiv2 {
namespace {

/// Moves what was read to its place, or passes the error on.
template <typename T>
Result<> store(Result<T> read, T& out) {
  if (!read) return fail(std::move(read.error()));
  out = std::move(*read);
  return {};
}

Result<> add_filters(const ExpressionText& text, Rules rules, query::Query& out) {
  const query::ParseOptions options{.orion_forbidden_characters = rules.forbid_characters};
  if (!text.q.empty()) {
    if (auto ok = store(query::parse_q(text.q, options), out.q); !ok) return ok;
  }
  if (!text.mq.empty()) return store(query::parse_mq(text.mq, options), out.mq);
  return {};
}

Result<> add_page(const Parameters& parameters, query::Query& out) {
  out.limit = parameters.limit;
  out.offset = parameters.offset;
  out.count = parameters.has(Option::count);
  return store(query::parse_order_by(parameters.order_by), out.order_by);
}

/// Names that are no user's attributes cannot be asked to exist.
bool is_built_in(std::string_view name) {
  return name == "dateCreated" || name == "dateModified" || name == "servicePath" || name == "*";
}

Result<query::EntitySelector> to_selector(const EntityChoice& choice) {
  query::EntitySelector out;
  if (!choice.id.empty()) out.ids.push_back(choice.id);
  if (!choice.type.empty()) out.types.push_back(choice.type);
  if (!choice.id_pattern.empty()) {
    if (auto ok = store(query::parse_id_pattern(choice.id_pattern), out.id_pattern); !ok) return fail(ok.error());
  }
  if (!choice.type_pattern.empty()) {
    if (auto ok = store(query::parse_type_pattern(choice.type_pattern), out.type_pattern); !ok) return fail(ok.error());
  }
  return out;
}

Result<query::EntitySelector> to_selector(const Parameters& p) {
  query::EntitySelector out{.ids = p.ids, .types = p.types};
  if (!p.id_pattern.empty()) {
    if (auto ok = store(query::parse_id_pattern(p.id_pattern), out.id_pattern); !ok) return fail(ok.error());
  }
  if (!p.type_pattern.empty()) {
    if (auto ok = store(query::parse_type_pattern(p.type_pattern), out.type_pattern); !ok) return fail(ok.error());
  }
  return out;
}

bool restricts(const query::EntitySelector& s) {
  return !s.ids.empty() || !s.types.empty() || s.id_pattern || s.type_pattern;
}

}  // namespace

Result<query::Query> build_query(const Parameters& p, Rules rules) {
  if (!p.id_pattern.empty() && !p.ids.empty()) {
    return errors::bad_request("Incompatible parameters: id, IdPattern");
  }
  if (!p.type_pattern.empty() && !p.types.empty()) {
    return errors::bad_request("Incompatible parameters: type, typePattern");
  }
  query::Query out;
  const ExpressionText& e = p.expression;
  if (auto ok = store(query::parse_geo_uri({e.georel, e.geometry, e.coords}), out.geo); !ok) return fail(ok.error());
  if (auto ok = add_filters(e, rules, out); !ok) return fail(ok.error());
  auto selector = to_selector(p);
  if (!selector) return fail(std::move(selector.error()));
  if (restricts(*selector)) out.selectors.push_back(std::move(*selector));
  if (auto ok = add_page(p, out); !ok) return fail(ok.error());
  return out;
}

Result<query::Query> build_query(const BatchQuery& body, const Parameters& p, Rules rules) {
  query::Query out;
  const ExpressionText& e = body.expression;
  if (auto ok = add_filters(e, rules, out); !ok) return fail(ok.error());
  if (auto ok = store(query::parse_geo_expression({e.georel, e.geometry, e.coords}), out.geo); !ok) {
    return fail(ok.error());
  }
  for (const EntityChoice& choice : body.entities) {
    auto selector = to_selector(choice);
    if (!selector) return fail(std::move(selector.error()));
    out.selectors.push_back(std::move(*selector));
  }
  if (std::ranges::find(body.attributes, "*") == body.attributes.end()) {
    std::ranges::copy_if(body.attributes, std::back_inserter(out.any_attribute),
                         [](const std::string& name) { return !is_built_in(name); });
  }
  if (auto ok = add_page(p, out); !ok) return fail(ok.error());
  return out;
}

}  // namespace machi::broker::ngsiv2
