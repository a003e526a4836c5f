#include "broker/query/search_document.h"

#include "base/json_writer.h"
#include "broker/query/value.h"

namespace machi::broker::query {
namespace {

// Appends `"n":23.5` and the like.
void append_value(std::string& out, std::string_view value, std::string_view type) {
  Value v;
  read_value(value, type, v);
  switch (v.kind) {
    case Value::Kind::null:
      out += R"("z":null)";
      return;
    case Value::Kind::number:
      out += R"("n":)";
      break;
    case Value::Kind::string:
      out += R"("s":)";
      break;
    case Value::Kind::date:
      out += R"("d":)";
      JsonWriter::append_integer(out, v.date.microseconds);
      return;
    case Value::Kind::boolean:
      out += R"("b":)";
      break;
    case Value::Kind::array:
      out += R"("a":)";
      break;
    case Value::Kind::object:
      out += R"("o":)";
      break;
  }
  out += value;
}

void append_metadata(std::string& out, const std::vector<Metadata>& metadata) {
  out += R"(,"m":{)";
  bool first = true;
  for (const Metadata& m : metadata) {
    if (!first) out += ',';
    first = false;
    JsonWriter::append_quoted(out, m.name);
    out += ":{";
    append_value(out, m.value, m.type);
    out += '}';
  }
  out += '}';
}

}  // namespace

std::string search_document(const std::vector<Attribute>& attributes) {
  std::size_t size = 2;
  for (const Attribute& a : attributes) size += a.name.size() + a.value.size() + 16;
  std::string out;
  out.reserve(size);
  out += '{';
  for (const Attribute& a : attributes) {
    // Further instances of an attribute are rare; only then is it worth asking which one counts.
    if (!a.dataset.empty() && visible_instance(attributes, a.name) != &a) continue;
    if (out.size() > 1) out += ',';
    JsonWriter::append_quoted(out, a.name);
    out += ":{";
    append_value(out, a.value, a.type);
    if (!a.metadata.empty()) append_metadata(out, a.metadata);
    out += '}';
  }
  out += '}';
  return out;
}

}  // namespace machi::broker::query
