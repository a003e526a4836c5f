#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <optional>

#include "base/json_writer.h"
#include "broker/expression/transforms.h"

// Transformations of numbers, types and times.
namespace machi::broker::jexl::transforms {
namespace {

constexpr double kMaxExactInteger = 9007199254740992.0;  // 2^53

/// Null when it is not finite: JSON has no such number.
Json number(double v) {
  return std::isfinite(v) ? Json(v == 0 ? 0.0 : v) : Json();
}

template <typename F>
Json on_number(const TransformCall& call, F f) {
  return call.subject().is_number() ? number(f(call.subject().as_number())) : Json();
}

std::optional<double> whole_number(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  if (text.starts_with('+') && text.size() > 1 && text[1] != '-') text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<double> read_number(const Json& subject) {
  if (subject.is_number()) return subject.as_number();
  return subject.is_string() ? whole_number(subject.as_string()) : std::nullopt;
}

}  // namespace

Json is_nan(const TransformCall& call) {
  return !call.subject().is_number();
}

Json parse_int(const TransformCall& call) {
  const auto value = read_number(call.subject());
  if (!value || std::abs(*value) > kMaxExactInteger) return {};
  return static_cast<std::int64_t>(std::trunc(*value));
}

Json parse_float(const TransformCall& call) {
  const auto value = read_number(call.subject());
  return value ? number(*value) : Json();
}

Json type_of(const TransformCall& call) {
  const Json& v = call.subject();
  if (v.is_number()) return "Number";
  if (v.is_string()) return "String";
  if (v.is_bool()) return "Boolean";
  if (v.is_array()) return "Array";
  return v.is_object() ? "Object" : "Null";
}

Json to_string(const TransformCall& call) {
  return call.subject().is_string() ? call.subject() : Json(call.subject().dump());
}

Json to_json(const TransformCall& call) {
  if (!call.subject().is_string() || call.subject().as_string().size() > call.room / sizeof(Json)) return {};
  auto parsed = Json::parse(call.subject().as_string());
  return parsed ? std::move(*parsed) : Json();
}

Json floor(const TransformCall& call) {
  return on_number(call, [](double v) { return std::floor(v); });
}
Json ceil(const TransformCall& call) {
  return on_number(call, [](double v) { return std::ceil(v); });
}
Json round(const TransformCall& call) {
  return on_number(call, [](double v) { return std::round(v); });
}
Json log(const TransformCall& call) {
  return on_number(call, [](double v) { return std::log(v); });
}
Json log10(const TransformCall& call) {
  return on_number(call, [](double v) { return std::log10(v); });
}
Json log2(const TransformCall& call) {
  return on_number(call, [](double v) { return std::log2(v); });
}
Json sqrt(const TransformCall& call) {
  return on_number(call, [](double v) { return std::sqrt(v); });
}

Json to_fixed(const TransformCall& call) {
  constexpr double kMaxDecimals = 17;
  const Json& decimals = call.argument(0);
  if (!call.subject().is_number() || !decimals.is_number()) return {};
  if (!(decimals.as_number() >= 0) || decimals.as_number() > kMaxDecimals) return {};
  const std::string text = fmt::format("{:.{}f}", call.subject().as_number(), static_cast<int>(decimals.as_number()));
  return number(*whole_number(text));
}

Json now(const TransformCall& call) {
  if (!call.subject().is_number()) return {};
  const double seconds = std::floor(call.now.seconds()) + call.subject().as_number();
  return std::abs(seconds) <= kMaxExactInteger ? Json(static_cast<std::int64_t>(std::floor(seconds))) : Json();
}

Json to_iso_string(const TransformCall& call) {
  constexpr double kYear0 = -62167219200;
  constexpr double kYear10000 = 253402300800;
  if (!call.subject().is_number()) return {};
  const double seconds = std::floor(call.subject().as_number());
  if (!(seconds >= kYear0) || !(seconds < kYear10000)) return {};
  const std::string text = to_iso8601_milliseconds({static_cast<std::int64_t>(seconds) * 1'000'000});
  return text.substr(0, text.size() - std::string_view(".000Z").size()) + "+00:00";
}

Json get_time(const TransformCall& call) {
  if (!call.subject().is_string()) return {};
  const auto time = parse_iso8601(call.subject().as_string());
  return time ? Json(static_cast<std::int64_t>(std::floor(time->seconds()))) : Json();
}

}  // namespace machi::broker::jexl::transforms
