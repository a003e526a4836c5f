#include "ingest/json_records.h"

#include <algorithm>
#include <unordered_set>

namespace machi::ingest {
namespace {

std::string text_of(const Json* value) {
  if (value == nullptr || value->is_null()) return {};
  return value->is_string() ? value->as_string() : value->dump();
}

}  // namespace

Result<std::unique_ptr<JsonRecords>> JsonRecords::read(TextSource& source) {
  std::string text;
  for (;;) {
    const auto more = source.read(text);
    if (!more) return fail(more.error());
    if (!*more) break;
    if (text.size() > kMaxBytes) return fail(ErrorCode::payload_too_large, "a JSON file may have 64 MiB at most");
  }
  auto json = Json::parse(text);
  if (!json) return fail(json.error());
  if (!json->is_array() || !std::ranges::all_of(json->as_array(), &Json::is_object)) {
    return fail(ErrorCode::bad_request, "the file holds no array of objects");
  }
  return std::unique_ptr<JsonRecords>(new JsonRecords(std::move(json->as_array()), source.bytes_read()));
}

JsonRecords::JsonRecords(Json::Array objects, std::uint64_t bytes) : objects_(std::move(objects)), bytes_(bytes) {
  std::unordered_set<std::string> seen;
  for (const Json& object : objects_) {
    for (const auto& [name, value] : object.as_object()) {
      if (seen.insert(name).second) names_.push_back(name);
    }
  }
}

Result<bool> JsonRecords::next(Record& record) {
  record = {};
  if (next_ > objects_.size() || names_.empty()) return false;
  record.line = next_ + 1;
  if (next_ == 0) {
    record.fields = names_;
  } else {
    for (const std::string& name : names_) record.fields.push_back(text_of(objects_[next_ - 1].find(name)));
  }
  ++next_;
  return true;
}

}  // namespace machi::ingest
