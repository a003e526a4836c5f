#include "core/yaml.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "base/json_writer.h"

namespace machi::core {
namespace {

/// Whether the text, unquoted, is this very text to every YAML reader (also those of version 1.1).
bool is_plain(std::string_view text) {
  static constexpr std::array<std::string_view, 10> kWords{"true", "false", "null", "yes", "no",
                                                           "on",   "off",   "y",    "n",   "~"};
  if (text.empty() || text.front() == ' ' || text.back() == ' ' || text.back() == ':') return false;
  if (std::ranges::find(kWords, text) != kWords.end() || text.contains(": ") || text.contains(" #")) return false;
  if (std::isalpha(static_cast<unsigned char>(text.front())) == 0 && text.front() != '/') return false;
  return std::ranges::all_of(text, [](unsigned char c) {
    return c >= 0x80 || std::isalnum(c) != 0 || std::string_view(" /.,;:_-()+=<>*{}").contains(static_cast<char>(c));
  });
}

void append_scalar(std::string& out, const Json& value) {
  if (value.is_string() && is_plain(value.as_string())) {
    out += value.as_string();
  } else if (value.is_string()) {
    JsonWriter::append_quoted(out, value.as_string());
  } else {
    value.dump_to(out);
  }
}

bool is_block(const Json& value) {
  return (value.is_object() && !value.as_object().empty()) || (value.is_array() && !value.as_array().empty());
}

void append_block(std::string& out, const Json& value, std::size_t indent, bool continues_line);

void append_value(std::string& out, const Json& value, std::size_t indent) {
  if (!is_block(value)) {
    out += ' ';
    append_scalar(out, value);
    out += '\n';
    return;
  }
  out += '\n';
  append_block(out, value, indent, false);
}

/// `continues_line`: the first member stands behind the dash of an array.
void append_block(std::string& out, const Json& value, std::size_t indent, bool continues_line) {
  if (value.is_array()) {
    for (const Json& item : value.as_array()) {
      out.append(indent, ' ').append("-");
      if (item.is_object() && is_block(item)) {
        out += ' ';
        append_block(out, item, indent + 2, true);
      } else {
        append_value(out, item, indent + 2);
      }
    }
    return;
  }
  for (const auto& [name, member] : value.as_object()) {
    if (!continues_line) out.append(indent, ' ');
    continues_line = false;
    append_scalar(out, Json(name));
    out += ':';
    append_value(out, member, indent + 2);
  }
}

}  // namespace

std::string to_yaml(const Json& value) {
  std::string out;
  if (is_block(value)) {
    append_block(out, value, 0, false);
  } else {
    append_scalar(out, value);
    out += '\n';
  }
  return out;
}

}  // namespace machi::core
