#include "broker/subscription/text_template.h"

#include <algorithm>

namespace machi::broker {
namespace {

enum class Respect : std::uint8_t { quotes_and_braces, braces, nothing };

/// Where the macro whose content starts at `begin` is closed; npos when it is not.
std::size_t find_end(std::string_view text, std::size_t begin, Respect respect) {
  int open = 0;
  char quote = '\0';
  for (std::size_t i = begin; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != '\0') {
      if (c == '\\') ++i;
      if (c == quote) quote = '\0';
    } else if (respect == Respect::quotes_and_braces && (c == '\'' || c == '"')) {
      quote = c;
    } else if (respect != Respect::nothing && c == '{') {
      ++open;
    } else if (c == '}' && (respect == Respect::nothing || open-- == 0)) {
      return i;
    }
  }
  return text.npos;
}

/// A broken expression may have a quotation mark or a brace too many: then the next closing brace ends it.
std::size_t find_end(std::string_view text, std::size_t begin) {
  for (const auto respect : {Respect::quotes_and_braces, Respect::braces, Respect::nothing}) {
    const auto end = find_end(text, begin, respect);
    if (end == text.npos) continue;
    // No expression holds the beginning of a macro: `${${B}}` is `${${B}` and a brace.
    if (respect != Respect::nothing && text.substr(begin, end - begin).contains("${")) continue;
    return end;
  }
  return text.npos;
}

}  // namespace

std::optional<TextTemplate> TextTemplate::parse(std::string_view text) {
  TextTemplate out;
  std::size_t at = 0;
  for (std::size_t hit = text.find("${"); hit != text.npos; hit = text.find("${", at)) {
    const std::size_t end = find_end(text, hit + 2);
    if (end == text.npos) return std::nullopt;
    if (hit > at) out.parts_.push_back({.text = std::string(text.substr(at, hit - at))});
    auto expression = Expression::parse(text.substr(hit + 2, end - hit - 2));
    out.parts_.push_back(
        {.is_macro = true, .expression = expression ? std::optional(std::move(*expression)) : std::nullopt});
    at = end + 1;
  }
  if (at < text.size()) out.parts_.push_back({.text = std::string(text.substr(at))});
  return out;
}

Json TextTemplate::evaluate(const Part& part, const Scope& scope, Timestamp now) {
  return part.expression ? part.expression->evaluate(scope, now) : Json();
}

std::optional<std::string> TextTemplate::fill(const Scope& scope, Timestamp now, std::string_view null_text) const {
  std::string out;
  for (const Part& part : parts_) {
    if (!part.is_macro) {
      out += part.text;
    } else if (const Json value = evaluate(part, scope, now); value.is_null()) {
      out += null_text;
    } else if (value.is_string()) {
      out += value.as_string();
    } else {
      value.dump_to(out);
    }
    if (out.size() > kMaxLength) return std::nullopt;
  }
  return out;
}

Json TextTemplate::value(const Scope& scope, Timestamp now) const {
  if (is_single_macro()) return evaluate(parts_[0], scope, now);
  auto text = fill(scope, now, "null");
  return text ? Json(std::move(*text)) : Json();
}

JsonTemplate::JsonTemplate(const Json& value) : constant_(value) {
  if (value.is_string() && value.as_string().contains("${")) text_ = TextTemplate::parse(value.as_string());
  if (value.is_array()) {
    for (const Json& item : value.as_array()) parts_.emplace_back(item);
  } else if (value.is_object()) {
    for (const auto& [name, item] : value.as_object()) {
      names_.push_back(name);
      parts_.emplace_back(item);
    }
  }
  if (std::ranges::all_of(parts_, &JsonTemplate::is_constant)) {
    names_.clear();
    parts_.clear();
  }
  if (!is_constant()) constant_ = Json();
}

Json JsonTemplate::fill(const Scope& scope, Timestamp now) const {
  if (text_) return text_->value(scope, now);
  if (parts_.empty()) return constant_;
  if (names_.empty()) {
    Json::Array out;
    for (const JsonTemplate& part : parts_) out.push_back(part.fill(scope, now));
    return Json(std::move(out));
  }
  Json::Object out;
  for (std::size_t i = 0; i < parts_.size(); ++i) out.emplace_back(names_[i], parts_[i].fill(scope, now));
  return Json(std::move(out));
}

}  // namespace machi::broker
