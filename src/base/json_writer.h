#pragma once
#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

namespace machi {

/// Appends JSON to a string. The caller keeps the grammar (no state, no tree); commas are inserted where needed:
/// a value or key after anything but `{`, `[`, `:` or the start gets one.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out), start_(out.size()) {}

  JsonWriter& begin_object() {
    comma();
    out_ += '{';
    return *this;
  }
  JsonWriter& end_object() {
    out_ += '}';
    return *this;
  }
  JsonWriter& begin_array() {
    comma();
    out_ += '[';
    return *this;
  }
  JsonWriter& end_array() {
    out_ += ']';
    return *this;
  }
  JsonWriter& key(std::string_view name) {
    comma();
    append_quoted(out_, name);
    out_ += ':';
    return *this;
  }
  JsonWriter& string(std::string_view v) {
    comma();
    append_quoted(out_, v);
    return *this;
  }
  JsonWriter& number(double v) {
    comma();
    append_number(out_, v);
    return *this;
  }
  JsonWriter& integer(std::int64_t v) {
    comma();
    append_integer(out_, v);
    return *this;
  }
  JsonWriter& boolean(bool v) {
    comma();
    out_ += v ? "true" : "false";
    return *this;
  }
  JsonWriter& null() {
    comma();
    out_ += "null";
    return *this;
  }
  /// Text that is JSON already (minified, validated before).
  JsonWriter& raw(std::string_view json) {
    comma();
    out_ += json;
    return *this;
  }

  /// Quotes and escapes `text` (RFC 8259 §7: quotation mark, reverse solidus, controls).
  static void append_quoted(std::string& out, std::string_view text);
  /// Shortest form that reads back as the same double; integers below 2^53 without exponent or point. Not finite: null.
  static void append_number(std::string& out, double v);
  static void append_integer(std::string& out, std::int64_t v) {
    char buffer[24];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, v).ptr;
    out.append(buffer, end);
  }

 private:
  void comma() {
    if (out_.size() == start_) return;
    const char last = out_.back();
    if (last != '{' && last != '[' && last != ':') out_ += ',';
  }
  std::string& out_;
  std::size_t start_;
};

}  // namespace machi
