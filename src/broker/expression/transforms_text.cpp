#include <re2/re2.h>
#include <unicode/locid.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <optional>

#include "broker/expression/transforms.h"

// Transformations of text. Positions and lengths count code points.
namespace machi::broker::jexl::transforms {
namespace {

constexpr std::size_t kMaxPattern = 1024;
constexpr std::int64_t kMaxRegexMemory = 1 << 20;

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

std::int64_t code_points(std::string_view text) {
  return std::ranges::count_if(text, [](char c) { return !is_continuation(c); });
}

/// Byte offset of the n-th code point; nullopt when the text is shorter.
std::optional<std::size_t> byte_offset(std::string_view text, std::int64_t n) {
  std::size_t at = 0;
  for (; n > 0 && at < text.size(); --n) {
    ++at;
    while (at < text.size() && is_continuation(text[at])) ++at;
  }
  return n == 0 ? std::optional(at) : std::nullopt;
}

Json change_case(const Json& subject, icu::UnicodeString& (icu::UnicodeString::*change)(const icu::Locale&)) {
  if (!subject.is_string()) return {};
  auto text = icu::UnicodeString::fromUTF8(subject.as_string());
  std::string out;
  (text.*change)(icu::Locale::getRoot()).toUTF8String(out);
  return Json(std::move(out));
}

RE2::Options regex_options() {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMaxRegexMemory);
  return options;
}

/// Calls `visit(match, submatches)` for each match from left to right, until it returns false. An empty match moves on
/// by one code point.
template <typename Visit>
bool for_each_match(const RE2& regex, std::string_view text, std::span<re2::StringPiece> groups, Visit visit) {
  const re2::StringPiece whole(text.data(), text.size());
  std::size_t at = 0;
  while (at <= text.size() &&
         regex.Match(whole, at, text.size(), RE2::UNANCHORED, groups.data(), static_cast<int>(groups.size()))) {
    const auto begin = static_cast<std::size_t>(groups[0].data() - text.data());
    if (!visit(begin, begin + groups[0].size())) return false;
    at = begin + groups[0].size();
    if (groups[0].empty()) {
      ++at;
      while (at < text.size() && is_continuation(text[at])) ++at;
    }
  }
  return true;
}

/// Appends `replacement`; `$1` to `$9` stand for groups, `$0` for the match, `$$` for a dollar.
void append_replacement(std::string& out, std::string_view replacement, std::span<const re2::StringPiece> groups) {
  for (std::size_t i = 0; i < replacement.size(); ++i) {
    const char next = i + 1 < replacement.size() ? replacement[i + 1] : '\0';
    if (replacement[i] != '$' || (next != '$' && (next < '0' || next > '9'))) {
      out += replacement[i];
      continue;
    }
    ++i;
    const auto group = static_cast<std::size_t>(next - '0');
    if (next == '$') {
      out += '$';
    } else if (group < groups.size() && groups[group].data() != nullptr) {
      out.append(groups[group].data(), groups[group].size());
    }
  }
}

bool is_text_call(const TransformCall& call, std::size_t arguments) {
  if (!call.subject().is_string()) return false;
  for (std::size_t i = 0; i < arguments; ++i) {
    if (!call.argument(i).is_string()) return false;
  }
  return true;
}

}  // namespace

Json uppercase(const TransformCall& call) {
  return change_case(call.subject(), &icu::UnicodeString::toUpper);
}
Json lowercase(const TransformCall& call) {
  return change_case(call.subject(), &icu::UnicodeString::toLower);
}

Json split(const TransformCall& call) {
  if (!is_text_call(call, 1)) return {};
  const std::string_view text = call.subject().as_string();
  const std::string_view delimiter = call.argument(0).as_string();
  Json::Array out;
  const auto full = [&] { return out.size() * sizeof(Json) + text.size() > call.room; };
  if (delimiter.empty()) {
    for (std::size_t at = 0; at < text.size() && !full();) {
      const std::size_t end = *byte_offset(text.substr(at), 1) + at;
      out.emplace_back(text.substr(at, end - at));
      at = end;
    }
    return full() ? Json() : Json(std::move(out));
  }
  std::size_t at = 0;
  for (std::size_t hit = text.find(delimiter); hit != text.npos && !full(); hit = text.find(delimiter, at)) {
    out.emplace_back(text.substr(at, hit - at));
    at = hit + delimiter.size();
  }
  if (full()) return {};
  out.emplace_back(text.substr(at));
  return Json(std::move(out));
}

Json index_of(const TransformCall& call) {
  if (!is_text_call(call, 1)) return {};
  const std::string_view text = call.subject().as_string();
  const auto at = text.find(call.argument(0).as_string());
  return at == text.npos ? Json() : Json(code_points(text.substr(0, at)));
}

// The manual says that arrays have no length; Orion's own case jexl_transformation_full shows that they have.
Json len(const TransformCall& call) {
  if (call.subject().is_array()) return static_cast<std::int64_t>(call.subject().as_array().size());
  return call.subject().is_string() ? Json(code_points(call.subject().as_string())) : Json();
}

Json trim(const TransformCall& call) {
  if (!call.subject().is_string()) return {};
  const std::string_view text = call.subject().as_string();
  const char* const s = text.data();
  const auto size = static_cast<std::int32_t>(text.size());
  std::int32_t begin = 0;
  std::int32_t end = size;
  while (begin < end) {
    std::int32_t next = begin;
    UChar32 c = 0;
    U8_NEXT(s, next, size, c);
    if (!u_isUWhiteSpace(c)) break;
    begin = next;
  }
  while (end > begin) {
    std::int32_t before = end;
    UChar32 c = 0;
    U8_PREV(s, begin, before, c);
    if (!u_isUWhiteSpace(c)) break;
    end = before;
  }
  return text.substr(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
}

Json substring(const TransformCall& call) {
  if (!call.subject().is_string() || !call.argument(0).is_number() || !call.argument(1).is_number()) return {};
  const std::string_view text = call.subject().as_string();
  const double first = call.argument(0).as_number();
  const double last = call.argument(1).as_number();
  if (!(first >= 0) || !(last >= first) || last > static_cast<double>(text.size())) return {};
  const auto begin = byte_offset(text, static_cast<std::int64_t>(first));
  const auto end = byte_offset(text, static_cast<std::int64_t>(last));
  if (!begin || !end) return {};
  return text.substr(*begin, *end - *begin);
}

Json includes(const TransformCall& call) {
  if (!is_text_call(call, 1)) return {};
  return call.subject().as_string().find(call.argument(0).as_string()) != std::string::npos;
}

Json replace_str(const TransformCall& call) {
  if (!is_text_call(call, 2)) return {};
  const std::string_view text = call.subject().as_string();
  const std::string_view from = call.argument(0).as_string();
  const std::string_view to = call.argument(1).as_string();
  if (from.empty()) return text;
  std::string out;
  std::size_t at = 0;
  for (std::size_t hit = text.find(from); hit != text.npos; hit = text.find(from, at)) {
    out += text.substr(at, hit - at);
    out += to;
    at = hit + from.size();
    if (out.size() + text.size() - at > call.room) return {};
  }
  out += text.substr(at);
  return Json(std::move(out));
}

Json replace_regex(const TransformCall& call) {
  if (!is_text_call(call, 2) || call.argument(0).as_string().size() > kMaxPattern) return {};
  const RE2 regex(call.argument(0).as_string(), regex_options());
  if (!regex.ok()) return {};
  const std::string& text = call.subject().as_string();
  std::vector<re2::StringPiece> groups(static_cast<std::size_t>(std::min(regex.NumberOfCapturingGroups(), 9)) + 1);
  std::string out;
  std::size_t at = 0;
  const bool fits = for_each_match(regex, text, groups, [&](std::size_t begin, std::size_t end) {
    out.append(text, at, begin - at);
    append_replacement(out, call.argument(1).as_string(), groups);
    at = end;
    return out.size() <= call.room;
  });
  if (!fits) return {};
  out.append(text, at);
  return Json(std::move(out));
}

Json match_regex(const TransformCall& call) {
  if (!is_text_call(call, 1) || call.argument(0).as_string().size() > kMaxPattern) return {};
  const RE2 regex(call.argument(0).as_string(), regex_options());
  if (!regex.ok()) return {};
  const std::string& text = call.subject().as_string();
  re2::StringPiece match;
  Json::Array out;
  const bool fits = for_each_match(regex, text, {&match, 1}, [&](std::size_t begin, std::size_t end) {
    out.emplace_back(std::string_view(text).substr(begin, end - begin));
    return out.size() * sizeof(Json) + text.size() <= call.room;
  });
  return fits ? Json(std::move(out)) : Json();
}

}  // namespace machi::broker::jexl::transforms
