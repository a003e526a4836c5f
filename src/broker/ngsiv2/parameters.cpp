#include "broker/ngsiv2/parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>

#include "broker/ngsiv2/errors.h"

namespace machi::broker::ngsiv2 {
namespace {

constexpr int kMaxLimit = 1000;

constexpr std::array<std::pair<std::string_view, Option>, 17> kOptions{{
    {"count", Option::count},
    {"normalized", Option::normalized},
    {"values", Option::values},
    {"keyValues", Option::key_values},
    {"append", Option::append},
    {"unique", Option::unique},
    {"dateCreated", Option::date_created},
    {"dateModified", Option::date_modified},
    {"noAttrDetail", Option::no_attr_detail},
    {"upsert", Option::upsert},
    {"forcedUpdate", Option::forced_update},
    {"overrideMetadata", Option::override_metadata},
    {"flowControl", Option::flow_control},
    {"skipForwarding", Option::skip_forwarding},
    {"fullCounters", Option::full_counters},
    {"libVersions", Option::lib_versions},
    {"skipInitialNotification", Option::skip_initial_notification},
}};

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> out;
  while (true) {
    const auto comma = text.find(',');
    out.emplace_back(text.substr(0, comma));
    if (comma == std::string_view::npos) return out;
    text.remove_prefix(comma + 1);
  }
}

std::vector<std::string> split_unique(std::string_view text) {
  std::vector<std::string> out;
  for (std::string& item : split(text)) {
    if (!item.empty() && std::ranges::find(out, item) == out.end()) out.push_back(std::move(item));
  }
  return out;
}

bool is_digits(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// Digits to a number; what is too long is the largest.
int to_number(std::string_view digits) {
  int value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return error == std::errc::result_out_of_range ? std::numeric_limits<int>::max() : value;
}

Result<> read_offset(std::string_view value, Parameters& out) {
  if (!is_digits(value)) {
    return errors::bad_request(fmt::format("Bad pagination offset: /{}/ [must be a decimal number]", value));
  }
  out.offset = to_number(value);
  return {};
}

Result<> read_limit(std::string_view value, Parameters& out) {
  if (!is_digits(value)) {
    return errors::bad_request(fmt::format("Bad pagination limit: /{}/ [must be a positive integer number]", value));
  }
  out.limit = to_number(value);
  if (out.limit > kMaxLimit) {
    return errors::bad_request(fmt::format("Bad pagination limit: /{}/ [max: {}]", value, kMaxLimit));
  }
  return {};
}

Result<> read_options(std::string_view value, Parameters& out) {
  const auto invalid = [] { return errors::bad_request("Invalid value for URI param /options/"); };
  for (const std::string& word : split(value)) {
    const auto it = std::ranges::find(kOptions, word, [](const auto& entry) { return entry.first; });
    if (it == kOptions.end()) return invalid();
    out.options |= 1U << static_cast<unsigned>(it->second);
  }
  const int forms = out.has(Option::key_values) + out.has(Option::values) + out.has(Option::unique);
  return forms > 1 ? Result<>(invalid()) : Result<>{};
}

/// Which of the forbidden characters a parameter may hold; nothing: all of them.
std::optional<std::string_view> allowed_characters(std::string_view name) {
  if (name == "q" || name == "mq" || name == "idPattern" || name == "typePattern") return std::nullopt;
  if (name == "geometry" || name == "georel") return "=;";
  if (name == "coords") return ";";
  return "";
}

void store_text(const net::QueryParameter& p, Parameters& out) {
  const std::pair<std::string_view, std::string*> texts[] = {
      {"idPattern", &out.id_pattern},
      {"typePattern", &out.type_pattern},
      {"orderBy", &out.order_by},
      {"q", &out.expression.q},
      {"mq", &out.expression.mq},
      {"georel", &out.expression.georel},
      {"geometry", &out.expression.geometry},
      {"coords", &out.expression.coords},
  };
  for (const auto& [name, target] : texts) {
    if (name == p.name) *target = p.value;
  }
}

Result<> read_one(const net::QueryParameter& p, Parameters& out) {
  if (p.value.empty()) {
    return errors::bad_request(fmt::format("Empty right-hand-side for URI param /{}/", p.name));
  }
  if (p.name == "offset") return read_offset(p.value, out);
  if (p.name == "limit") return read_limit(p.value, out);
  if (p.name == "options") return read_options(p.value, out);
  if (p.name == "id") {
    out.ids = split(p.value);
  } else if (p.name == "type") {
    out.type = p.value;
    std::ranges::move(split(p.value), std::back_inserter(out.types));
  } else if (p.name == "attrs") {
    out.attrs = split_unique(p.value);
  } else if (p.name == "metadata") {
    out.metadata = split_unique(p.value);
  } else {
    store_text(p, out);
  }
  return {};
}

bool has_bad_characters(const net::QueryParameter& p, Rules rules) {
  const auto allowed = allowed_characters(p.name);
  if (!rules.forbid_characters || !allowed) return false;
  return has_forbidden_characters(p.value, *allowed) || has_forbidden_characters(p.name);
}

/// `options=dateCreated` is an older way to say `attrs=*,dateCreated`.
void add_date(std::string_view name, std::vector<std::string>& attrs) {
  if (attrs.empty()) attrs.emplace_back("*");
  if (std::ranges::find(attrs, name) == attrs.end()) attrs.emplace_back(name);
}

}  // namespace

Result<Parameters> read_parameters(const std::vector<net::QueryParameter>& parameters, Rules rules) {
  Parameters out;
  Result<> result{};
  for (const net::QueryParameter& p : parameters) {
    if (auto read = read_one(p, out); !read) {
      result = std::move(read);
    } else if (has_bad_characters(p, rules)) {
      result = errors::bad_request("invalid character in URI parameter");
    }
  }
  if (!result) return fail(std::move(result.error()));
  if (out.has(Option::date_created)) add_date("dateCreated", out.attrs);
  if (out.has(Option::date_modified)) add_date("dateModified", out.attrs);
  return out;
}

}  // namespace machi::broker::ngsiv2
