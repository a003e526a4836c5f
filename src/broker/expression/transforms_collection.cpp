#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "broker/expression/transforms.h"

// Transformations of arrays and objects, and those that choose from arrays.
namespace machi::broker::jexl::transforms {
namespace {

/// The numbers of an array; nullopt when it is none or has a member that is no number.
std::optional<std::vector<double>> numbers(const Json& value) {
  if (!value.is_array()) return std::nullopt;
  std::vector<double> out;
  for (const Json& item : value.as_array()) {
    if (!item.is_number()) return std::nullopt;
    out.push_back(item.as_number());
  }
  return out;
}

template <typename F>
Json on_numbers(const TransformCall& call, F f) {
  auto items = numbers(call.subject());
  if (!items || items->empty()) return {};
  const double result = f(*items);
  return std::isfinite(result) ? Json(result) : Json();
}

double sum(const std::vector<double>& items) {
  return std::accumulate(items.begin(), items.end(), 0.0);
}

double median(std::vector<double>& items) {
  std::ranges::sort(items);
  const std::size_t middle = items.size() / 2;
  return items.size() % 2 == 1 ? items[middle] : (items[middle - 1] + items[middle]) / 2;
}

struct Choice {
  const Json::Array& values;
  const Json::Array& choices;
};

/// The two array arguments of a mapper; `extra` is how many more choices than values there must be.
std::optional<Choice> choice_of(const TransformCall& call, std::size_t extra) {
  if (!call.argument(0).is_array() || !call.argument(1).is_array()) return std::nullopt;
  const Choice out{call.argument(0).as_array(), call.argument(1).as_array()};
  return out.choices.size() == out.values.size() + extra ? std::optional(out) : std::nullopt;
}

}  // namespace

Json mapper(const TransformCall& call) {
  const auto choice = choice_of(call, 0);
  if (!choice || !call.subject().is_string() || !std::ranges::all_of(choice->values, &Json::is_string)) return {};
  const auto it = std::ranges::find(choice->values, call.subject());
  if (it == choice->values.end()) return {};
  return choice->choices[static_cast<std::size_t>(it - choice->values.begin())];
}

Json n_mapper(const TransformCall& call) {
  const auto choice = choice_of(call, 0);
  if (!choice || !call.subject().is_number() || !std::ranges::all_of(choice->values, &Json::is_number)) return {};
  const double key = std::round(call.subject().as_number());
  const auto it = std::ranges::find_if(choice->values, [&](const Json& v) { return std::round(v.as_number()) == key; });
  if (it == choice->values.end()) return {};
  return choice->choices[static_cast<std::size_t>(it - choice->values.begin())];
}

Json th_mapper(const TransformCall& call) {
  const auto choice = choice_of(call, 1);
  if (!choice || !call.subject().is_number() || !std::ranges::all_of(choice->values, &Json::is_number)) return {};
  const double key = call.subject().as_number();
  const auto above = std::ranges::find_if(choice->values, [&](const Json& v) { return key < v.as_number(); });
  return choice->choices[static_cast<std::size_t>(above - choice->values.begin())];
}

Json values(const TransformCall& call) {
  if (!call.subject().is_object()) return {};
  Json::Array out;
  for (const auto& [name, value] : call.subject().as_object()) out.push_back(value);
  return Json(std::move(out));
}

Json keys(const TransformCall& call) {
  if (!call.subject().is_object()) return {};
  Json::Array out;
  for (const auto& [name, value] : call.subject().as_object()) out.emplace_back(name);
  return Json(std::move(out));
}

Json arr_sum(const TransformCall& call) {
  return on_numbers(call, sum);
}
Json arr_avg(const TransformCall& call) {
  return on_numbers(call, [](const auto& items) { return sum(items) / static_cast<double>(items.size()); });
}
Json arr_max(const TransformCall& call) {
  return on_numbers(call, [](const auto& items) { return *std::ranges::max_element(items); });
}
Json arr_min(const TransformCall& call) {
  return on_numbers(call, [](const auto& items) { return *std::ranges::min_element(items); });
}
Json arr_med(const TransformCall& call) {
  return on_numbers(call, median);
}

Json arr_sort(const TransformCall& call) {
  if (!numbers(call.subject())) return {};
  Json::Array out = call.subject().as_array();
  std::ranges::sort(out, {}, &Json::as_number);
  return Json(std::move(out));
}

Json arr_reverse(const TransformCall& call) {
  if (!call.subject().is_array()) return {};
  const auto& items = call.subject().as_array();
  return Json(Json::Array(items.rbegin(), items.rend()));
}

}  // namespace machi::broker::jexl::transforms
