#include "core/request_parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace machi::core {
namespace {

Failure wrong(std::string_view name, std::string_view what) {
  return fail(ErrorCode::bad_request, fmt::format("{}: {}", name, what), std::string(name));
}

}  // namespace

Result<RequestParameters> RequestParameters::read(const net::Request& request,
                                                  std::initializer_list<std::string_view> known) {
  auto parameters = request.query_parameters();
  if (!parameters) return fail(std::move(parameters.error()));
  RequestParameters out;
  for (net::QueryParameter& p : *parameters) {
    if (std::ranges::find(known, p.name) == known.end()) return wrong(p.name, "is not known here");
    if (out.text(p.name)) return wrong(p.name, "stands twice");
    out.parameters_.push_back(std::move(p));
  }
  return out;
}

std::optional<std::string> RequestParameters::text(std::string_view name) const {
  const auto it = std::ranges::find(parameters_, name, &net::QueryParameter::name);
  if (it == parameters_.end()) return {};
  return it->value;
}

Result<std::int64_t> RequestParameters::integer(std::string_view name, std::int64_t otherwise, std::int64_t least,
                                                std::int64_t most) const {
  const auto given = text(name);
  if (!given) return otherwise;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(given->data(), given->data() + given->size(), value);
  if (error != std::errc() || end != given->data() + given->size() || value < least || value > most) {
    return wrong(name, fmt::format("must be a whole number from {} to {}", least, most));
  }
  return value;
}

Result<std::optional<Timestamp>> RequestParameters::time(std::string_view name) const {
  const auto given = text(name);
  if (!given) return std::nullopt;
  const auto time = parse_iso8601(*given);
  if (!time) return wrong(name, "must be a date and time such as 2026-11-23T00:00:00Z");
  return time;
}

Result<bool> RequestParameters::flag(std::string_view name) const {
  const auto given = text(name);
  if (!given || *given == "false") return false;
  if (*given == "true") return true;
  return wrong(name, "must be true or false");
}

}  // namespace machi::core
