#include "base/settings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include "base/log.h"

namespace machi {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t milliseconds;
};
constexpr std::array<Unit, 5> kUnits{{{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};

std::string variable_of(std::string_view key) {
  std::string out = "MACHI_";
  for (const char c : key) out += c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

template <typename... Visitors>
struct Overload : Visitors... {
  using Visitors::operator()...;
};

std::string type_of(const Setting& s) {
  return std::visit(Overload{[](bool*) { return "boolean"; }, [](std::int64_t*) { return "integer"; },
                             [](double*) { return "number"; }, [](std::string*) { return "text"; },
                             [](std::vector<std::string>*) { return "list of texts"; },
                             [](std::chrono::milliseconds*) { return "duration"; }},
                    s.target);
}

std::string value_of(const Setting& s) {
  return std::visit(
      Overload{[](bool* v) { return std::string(*v ? "true" : "false"); },
               [](std::int64_t* v) { return std::to_string(*v); }, [](double* v) { return fmt::format("{}", *v); },
               [](std::string* v) { return fmt::format("\"{}\"", *v); },
               [](std::vector<std::string>* v) {
                 return v->empty() ? std::string("[]") : fmt::format("[\"{}\"]", fmt::join(*v, "\", \""));
               },
               [](std::chrono::milliseconds* v) { return fmt::format("\"{}\"", format_duration(*v)); }},
      s.target);
}

Failure wrong(const Setting& s, std::string_view what) {
  return fail(ErrorCode::bad_request, fmt::format("{} must be a {}: {}", s.key, type_of(s), what), std::string(s.key));
}

template <typename T>
Result<> parse_number(const Setting& s, T* target, std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return wrong(s, text);
  *target = value;
  return {};
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const auto comma = text.find(',');
    std::string_view item = text.substr(0, comma);
    while (!item.empty() && item.front() == ' ') item.remove_prefix(1);
    while (!item.empty() && item.back() == ' ') item.remove_suffix(1);
    if (!item.empty()) out.emplace_back(item);
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  return out;
}

Result<> set_from_text(const Setting& s, std::string_view text) {
  auto result = std::visit(Overload{[&](bool* v) -> Result<> {
                                      if (text != "true" && text != "false") return wrong(s, text);
                                      *v = text == "true";
                                      return {};
                                    },
                                    [&](std::int64_t* v) { return parse_number(s, v, text); },
                                    [&](double* v) { return parse_number(s, v, text); },
                                    [&](std::string* v) -> Result<> {
                                      *v = text;
                                      return {};
                                    },
                                    [&](std::vector<std::string>* v) -> Result<> {
                                      *v = split_list(text);
                                      return {};
                                    },
                                    [&](std::chrono::milliseconds* v) -> Result<> {
                                      const auto duration = parse_duration(text);
                                      if (!duration) return wrong(s, text);
                                      *v = *duration;
                                      return {};
                                    }},
                           s.target);
  if (!result) return result;
  return s.check == nullptr ? Result<>() : s.check(s);
}

Result<> set_from_toml(const Setting& s, const toml::node& node) {
  if (auto* list = std::get_if<std::vector<std::string>*>(&s.target)) {
    const toml::array* array = node.as_array();
    if (array == nullptr) return wrong(s, "not a list");
    (*list)->clear();
    for (const toml::node& item : *array) {
      const auto text = item.value<std::string>();
      if (!text) return wrong(s, "an element is no text");
      (*list)->push_back(*text);
    }
    return s.check == nullptr ? Result<>() : s.check(s);
  }
  if (std::holds_alternative<std::string*>(s.target) || std::holds_alternative<std::chrono::milliseconds*>(s.target)) {
    const auto text = node.value_exact<std::string>();
    return text ? set_from_text(s, *text) : Result<>(wrong(s, "not a text in quotation marks"));
  }
  if (node.is_boolean()) return set_from_text(s, node.value_or(false) ? "true" : "false");
  if (node.is_integer()) return set_from_text(s, std::to_string(node.value_or<std::int64_t>(0)));
  if (node.is_floating_point()) return set_from_text(s, fmt::format("{}", node.value_or(0.0)));
  return wrong(s, "another type");
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

Failure unknown_key(std::span<const Setting> settings, std::string_view key) {
  const auto nearest =
      std::ranges::min_element(settings, {}, [&](const Setting& s) { return edit_distance(s.key, key); });
  return fail(ErrorCode::bad_request, fmt::format("unknown setting {}; the nearest known one is {}", key, nearest->key),
              std::string(key));
}

Result<> load_table(std::span<const Setting> settings, const toml::table& table, const std::string& prefix) {
  for (const auto& [name, node] : table) {
    const std::string key = prefix + std::string(name.str());
    if (const toml::table* inner = node.as_table()) {
      if (auto loaded = load_table(settings, *inner, key + "."); !loaded) return loaded;
      continue;
    }
    const auto setting = std::ranges::find(settings, key, &Setting::key);
    if (setting == settings.end()) return unknown_key(settings, key);
    if (auto set = set_from_toml(*setting, node); !set) return set;
  }
  return {};
}

}  // namespace

Result<> load_settings(std::span<const Setting> settings, std::string_view text) {
  try {
    return load_table(settings, toml::parse(text), "");
  } catch (const toml::parse_error& e) {
    return fail(ErrorCode::bad_request, fmt::format("not TOML, line {}: {}", e.source().begin.line, e.description()));
  }
}

Result<> load_environment(std::span<const Setting> settings, std::span<const std::string_view> environment) {
  for (const std::string_view entry : environment) {
    const auto equals = entry.find('=');
    if (!entry.starts_with("MACHI_") || equals == std::string_view::npos) continue;
    const std::string_view name = entry.substr(0, equals);
    const auto setting = std::ranges::find_if(settings, [&](const Setting& s) { return variable_of(s.key) == name; });
    if (setting == settings.end()) {
      log::warn("unknown setting in the environment", {{"variable", name}});
      continue;
    }
    if (auto set = set_from_text(*setting, entry.substr(equals + 1)); !set) return set;
  }
  return {};
}

std::string describe_settings(std::span<const Setting> settings) {
  std::string out = "key\tvariable\ttype\tdefault\tmeaning\n";
  for (const Setting& s : settings) {
    fmt::format_to(std::back_inserter(out), "{}\t{}\t{}\t{}\t{}\n", s.key, variable_of(s.key), type_of(s), value_of(s),
                   s.meaning);
  }
  return out;
}

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  const auto known = std::ranges::find(kUnits, unit, &Unit::name);
  constexpr std::int64_t kLongest = 100LL * 366 * 86'400'000;
  if (error != std::errc() || known == kUnits.end() || number < 0 || number > kLongest / known->milliseconds) {
    return fail(ErrorCode::bad_request, fmt::format("not a duration: {} (write 200ms, 5s, 10m, 24h or 30d)", text));
  }
  return std::chrono::milliseconds(number * known->milliseconds);
}

std::string format_duration(std::chrono::milliseconds duration) {
  const Unit* best = kUnits.data();
  for (const Unit& unit : kUnits) {
    if (duration.count() != 0 && duration.count() % unit.milliseconds == 0) best = &unit;
  }
  return fmt::format("{}{}", duration.count() / best->milliseconds, best->name);
}

}  // namespace machi
