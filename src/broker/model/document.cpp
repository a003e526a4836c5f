#include "broker/model/document.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstdint>
#include <cstring>

#include "base/json_writer.h"
#include "broker/model/attribute_types.h"

namespace machi::broker {
namespace {

// Eight bytes at a time, wherever this runs: a string is found to end without looking at each of its bytes.
constexpr std::uint64_t kOnes = 0x0101010101010101;
constexpr std::uint64_t kQuotes = kOnes * '"';
constexpr std::uint64_t kBackslashes = kOnes * '\\';

/// Marks the high bit of the lowest byte that is zero (bytes above it may be marked wrongly).
constexpr std::uint64_t zero_bytes(std::uint64_t word) {
  return (word - kOnes) & ~word & (kOnes << 7);
}

int first_byte(std::uint64_t marks) {
  static_assert(std::endian::native == std::endian::little);
  return std::countr_zero(marks) / 8;
}

/// `p` stands behind the opening quote; gives the position of the closing one, or nullptr.
const char* find_closing_quote(const char* p, const char* end) {
  while (end - p >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, p, 8);
    const std::uint64_t hits = zero_bytes(word ^ kQuotes) | zero_bytes(word ^ kBackslashes);
    if (hits == 0) {
      p += 8;
      continue;
    }
    p += first_byte(hits);
    if (*p == '"') return p;
    p += 2;
  }
  while (p < end) {
    if (*p == '"') return p;
    p += *p == '\\' ? 2 : 1;
  }
  return nullptr;
}

/// `p` stands on an opening quote. On success it is moved behind the closing one and `text` is what stands between.
bool read_string(const char*& p, const char* end, std::string_view& text) {
  if (p >= end || *p != '"') return false;
  const char* const close = find_closing_quote(p + 1, end);
  if (!close) return false;
  text = {p + 1, close};
  p = close + 1;
  return true;
}

bool read_value(const char*& p, const char* end, std::string_view& text) {
  const char* const after = skip_json_value(p, end);
  if (!after) return false;
  text = {p, after};
  p = after;
  return true;
}

bool read_digits(const char*& p, const char* end, std::string_view& text) {
  const char* const start = p;
  while (p < end && *p != ',' && *p != '}') ++p;
  text = {start, p};
  return p != start;
}

bool accept(const char*& p, const char* end, char c) {
  if (p >= end || *p != c) return false;
  ++p;
  return true;
}

void append_plain(std::string& out, std::string_view name, std::int64_t value) {
  out += name;
  JsonWriter::append_integer(out, value);
}

void append_metadata(std::string& out, const std::vector<Metadata>& metadata) {
  out += ",\"metadata\":{";
  for (const Metadata& m : metadata) {
    if (&m != metadata.data()) out += ',';
    JsonWriter::append_quoted(out, m.name);
    out += ":{\"type\":";
    JsonWriter::append_quoted(out, m.type);
    out += ",\"value\":";
    out += m.value;
    out += '}';
  }
  out += '}';
}

void append_instance(std::string& out, const Attribute& a) {
  out += "{\"type\":";
  JsonWriter::append_quoted(out, a.type);
  out += ",\"value\":";
  out += a.value;
  append_plain(out, ",\"created\":", a.created.microseconds);
  append_plain(out, ",\"modified\":", a.modified.microseconds);
  if (!a.metadata.empty()) append_metadata(out, a.metadata);
  if (a.kind != kind_of_type(a.type)) {
    out += ",\"kind\":\"";
    out += name_of(a.kind);
    out += '"';
  }
  if (!a.dataset.empty()) {
    out += ",\"dataset\":";
    JsonWriter::append_quoted(out, a.dataset);
  }
  if (a.observed) append_plain(out, ",\"observed\":", a.observed->microseconds);
  out += '}';
}

/// Instances of one attribute (datasets) stand together behind the name of the first.
void append_instances(std::string& out, const std::vector<Attribute>& attributes, std::size_t first) {
  const std::string& name = attributes[first].name;
  std::size_t count = 0;
  const std::size_t start = out.size();
  for (std::size_t i = first; i < attributes.size(); ++i) {
    if (attributes[i].name != name) continue;
    if (count++ > 0) out += ',';
    append_instance(out, attributes[i]);
  }
  if (count > 1) {
    out.insert(start, 1, '[');
    out += ']';
  }
}

std::string plain(std::string_view escaped) {
  return escaped.find('\\') == std::string_view::npos ? std::string(escaped) : unescape(escaped);
}

Result<Attribute> to_attribute(const AttributeView& view) {
  Attribute a;
  a.name = plain(view.name);
  a.type = plain(view.type);
  a.value = view.value;
  a.created = stored_time(view.created);
  a.modified = stored_time(view.modified);
  a.dataset = plain(view.dataset);
  if (!view.observed.empty()) a.observed = stored_time(view.observed);
  a.kind = kind_of_type(a.type);
  if (!view.kind.empty()) {
    const auto kind = parse_kind(view.kind);
    if (!kind) return fail(ErrorCode::internal, "stored document has an unknown attribute kind");
    a.kind = *kind;
  }
  MetadataCursor cursor(view.metadata);
  for (MetadataView m; cursor.next(m);) a.metadata.push_back({plain(m.name), plain(m.type), std::string(m.value)});
  if (cursor.failed()) return fail(ErrorCode::internal, "stored document has broken metadata");
  return a;
}

std::size_t size_hint(const std::vector<Attribute>& attributes) {
  std::size_t size = 2;
  for (const Attribute& a : attributes) {
    size += a.name.size() + a.type.size() + a.value.size() + 110;
    for (const Metadata& m : a.metadata) size += m.name.size() + m.type.size() + m.value.size() + 32;
  }
  return size;
}

}  // namespace

Timestamp stored_time(std::string_view digits) {
  Timestamp t;
  std::from_chars(digits.data(), digits.data() + digits.size(), t.microseconds);
  return t;
}

const char* skip_json_value(const char* p, const char* end) {
  if (p >= end) return nullptr;
  if (*p == '"') {
    const char* const close = find_closing_quote(p + 1, end);
    return close ? close + 1 : nullptr;
  }
  if (*p != '{' && *p != '[') {
    const char* const start = p;
    while (p < end && *p != ',' && *p != '}' && *p != ']') ++p;
    return p == start ? nullptr : p;
  }
  for (int depth = 0; p < end; ++p) {
    switch (*p) {
      case '{':
      case '[':
        ++depth;
        break;
      case '}':
      case ']':
        if (--depth == 0) return p + 1;
        break;
      case '"':
        p = find_closing_quote(p + 1, end);
        if (!p) return nullptr;
        break;
      default:
        break;
    }
  }
  return nullptr;
}

std::string unescape(std::string_view escaped) {
  std::string out;
  out.reserve(escaped.size());
  for (std::size_t i = 0; i < escaped.size(); ++i) {
    if (escaped[i] != '\\' || i + 1 == escaped.size()) {
      out += escaped[i];
      continue;
    }
    const char c = escaped[++i];
    constexpr std::string_view kCodes = "bfnrt";
    constexpr std::string_view kPlain = "\b\f\n\r\t";
    if (const auto at = kCodes.find(c); at != std::string_view::npos) {
      out += kPlain[at];
    } else if (c == 'u' && i + 4 < escaped.size()) {
      unsigned code = 0;
      std::from_chars(escaped.data() + i + 1, escaped.data() + i + 5, code, 16);
      out += static_cast<char>(code);  // canonical text escapes controls only
      i += 4;
    } else {
      out += c;
    }
  }
  return out;
}

DocumentCursor::DocumentCursor(std::string_view document)
    : p_(document.data()), end_(document.data() + document.size()) {
  if (!accept(p_, end_, '{')) failed_ = true;
}

bool DocumentCursor::next(AttributeView& attribute) {
  if (failed_ || done_) return false;
  attribute = {};
  if (in_instances_) {
    if (accept(p_, end_, ',')) {
      attribute.name = name_;
      return read_instance(attribute) || fail_here();
    }
    if (!accept(p_, end_, ']')) return fail_here();
    in_instances_ = false;
  }
  if (accept(p_, end_, '}')) {
    done_ = true;
    return p_ == end_ ? false : fail_here();
  }
  if (!enter_attribute(attribute.name)) return fail_here();
  return read_instance(attribute) || fail_here();
}

bool DocumentCursor::enter_attribute(std::string_view& name) {
  if (!first_ && !accept(p_, end_, ',')) return false;
  first_ = false;
  if (!read_string(p_, end_, name) || !accept(p_, end_, ':')) return false;
  if (accept(p_, end_, '[')) {
    in_instances_ = true;
    name_ = name;
  }
  return true;
}

bool DocumentCursor::read_instance(AttributeView& attribute) {
  if (!accept(p_, end_, '{')) return false;
  do {
    std::string_view key;
    if (!read_string(p_, end_, key) || !accept(p_, end_, ':')) return false;
    if (!read_member(attribute, key)) return false;
  } while (accept(p_, end_, ','));
  return accept(p_, end_, '}') && !attribute.value.empty();
}

bool DocumentCursor::read_member(AttributeView& a, std::string_view key) {
  if (key == "type") return read_string(p_, end_, a.type);
  if (key == "value") return read_value(p_, end_, a.value);
  if (key == "created") return read_digits(p_, end_, a.created);
  if (key == "modified") return read_digits(p_, end_, a.modified);
  if (key == "metadata") return read_value(p_, end_, a.metadata);
  if (key == "kind") return read_string(p_, end_, a.kind);
  if (key == "dataset") return read_string(p_, end_, a.dataset);
  if (key == "observed") return read_digits(p_, end_, a.observed);
  return false;
}

MetadataCursor::MetadataCursor(std::string_view metadata)
    : p_(metadata.data()), end_(metadata.data() + metadata.size()) {
  if (p_ != end_ && !accept(p_, end_, '{')) failed_ = true;
}

bool MetadataCursor::next(MetadataView& m) {
  if (failed_ || p_ == end_) return false;
  if (accept(p_, end_, '}')) return p_ == end_ ? false : fail_here();
  if (!first_ && !accept(p_, end_, ',')) return fail_here();
  first_ = false;
  if (!read_string(p_, end_, m.name) || !accept(p_, end_, ':') || !accept(p_, end_, '{')) return fail_here();
  do {
    std::string_view key;
    if (!read_string(p_, end_, key) || !accept(p_, end_, ':')) return fail_here();
    if (key == "type" ? !read_string(p_, end_, m.type) : !read_value(p_, end_, m.value)) return fail_here();
  } while (accept(p_, end_, ','));
  return accept(p_, end_, '}') || fail_here();
}

std::string to_document(const std::vector<Attribute>& attributes) {
  std::string out;
  out.reserve(size_hint(attributes));
  out += '{';
  const bool has_datasets = std::ranges::any_of(attributes, [](const Attribute& a) { return !a.dataset.empty(); });
  for (std::size_t i = 0; i < attributes.size(); ++i) {
    const auto same_name = [&](const Attribute& a) { return a.name == attributes[i].name; };
    if (has_datasets &&
        std::any_of(attributes.begin(), attributes.begin() + static_cast<std::ptrdiff_t>(i), same_name)) {
      continue;  // written with the first of its name
    }
    if (out.size() > 1) out += ',';
    JsonWriter::append_quoted(out, attributes[i].name);
    out += ':';
    if (has_datasets) {
      append_instances(out, attributes, i);
    } else {
      append_instance(out, attributes[i]);
    }
  }
  out += '}';
  return out;
}

Result<std::vector<Attribute>> from_document(std::string_view document) {
  std::vector<Attribute> out;
  out.reserve(document.size() / 100 + 1);
  DocumentCursor cursor(document);
  for (AttributeView view; cursor.next(view);) {
    auto attribute = to_attribute(view);
    if (!attribute) return fail(std::move(attribute.error()));
    out.push_back(std::move(*attribute));
  }
  if (cursor.failed()) return fail(ErrorCode::internal, "stored document is not of our form");
  return out;
}

}  // namespace machi::broker
