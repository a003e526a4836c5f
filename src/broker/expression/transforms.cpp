#include "broker/expression/transforms.h"

#include <algorithm>
#include <array>
#include <utility>

namespace machi::broker::jexl {
namespace {

using namespace std::string_view_literals;

// Sorted by name for binary search (checked below).
constexpr std::array kTransforms = {
    std::pair{"arrAvg"sv, &transforms::arr_avg},
    std::pair{"arrMax"sv, &transforms::arr_max},
    std::pair{"arrMed"sv, &transforms::arr_med},
    std::pair{"arrMin"sv, &transforms::arr_min},
    std::pair{"arrReverse"sv, &transforms::arr_reverse},
    std::pair{"arrSort"sv, &transforms::arr_sort},
    std::pair{"arrSum"sv, &transforms::arr_sum},
    std::pair{"ceil"sv, &transforms::ceil},
    std::pair{"floor"sv, &transforms::floor},
    std::pair{"getTime"sv, &transforms::get_time},
    std::pair{"includes"sv, &transforms::includes},
    std::pair{"indexOf"sv, &transforms::index_of},
    std::pair{"isNaN"sv, &transforms::is_nan},
    std::pair{"keys"sv, &transforms::keys},
    std::pair{"len"sv, &transforms::len},
    std::pair{"log"sv, &transforms::log},
    std::pair{"log10"sv, &transforms::log10},
    std::pair{"log2"sv, &transforms::log2},
    std::pair{"lowercase"sv, &transforms::lowercase},
    std::pair{"mapper"sv, &transforms::mapper},
    std::pair{"matchRegex"sv, &transforms::match_regex},
    std::pair{"nMapper"sv, &transforms::n_mapper},
    std::pair{"now"sv, &transforms::now},
    std::pair{"parseFloat"sv, &transforms::parse_float},
    std::pair{"parseInt"sv, &transforms::parse_int},
    std::pair{"replaceRegex"sv, &transforms::replace_regex},
    std::pair{"replaceStr"sv, &transforms::replace_str},
    std::pair{"round"sv, &transforms::round},
    std::pair{"split"sv, &transforms::split},
    std::pair{"sqrt"sv, &transforms::sqrt},
    std::pair{"substring"sv, &transforms::substring},
    std::pair{"thMapper"sv, &transforms::th_mapper},
    std::pair{"toFixed"sv, &transforms::to_fixed},
    std::pair{"toIsoString"sv, &transforms::to_iso_string},
    std::pair{"toJson"sv, &transforms::to_json},
    std::pair{"toString"sv, &transforms::to_string},
    std::pair{"trim"sv, &transforms::trim},
    std::pair{"typeOf"sv, &transforms::type_of},
    std::pair{"uppercase"sv, &transforms::uppercase},
    std::pair{"values"sv, &transforms::values},
};
constexpr auto name_of = [](const auto& entry) { return entry.first; };
static_assert(std::ranges::is_sorted(kTransforms, {}, name_of));

const Json kNull{};

}  // namespace

const Json& TransformCall::argument(std::size_t n) const {
  return n + 1 < arguments.size() ? *arguments[n + 1] : kNull;
}

Transform find_transform(std::string_view name) {
  const auto* const it = std::ranges::lower_bound(kTransforms, name, {}, name_of);
  return it != kTransforms.end() && it->first == name ? it->second : nullptr;
}

std::size_t weight(const Json& value) {
  std::size_t total = sizeof(Json);
  if (value.is_string()) total += value.as_string().size();
  if (value.is_array()) {
    for (const Json& item : value.as_array()) total += weight(item);
  }
  if (value.is_object()) {
    for (const auto& [name, item] : value.as_object()) total += sizeof(Json::Member) + name.size() + weight(item);
  }
  return total;
}

}  // namespace machi::broker::jexl
