#pragma once
#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "ingest/csv_reader.h"

namespace machi::ingest {

/// An array of flat JSON objects as records: the first gives the names of all members, in the order in which they
/// appear, then one record an object. Texts stay, numbers and truth values become text, null and missing members are
/// blank, what is nested becomes JSON text.
class JsonRecords final : public RecordSource {
 public:
  /// Files beyond this are refused: the whole text is held.
  static constexpr std::uint64_t kMaxBytes = 64U << 20;

  /// Errors: payload_too_large, parse_error, bad_request (no array of objects), those of the source.
  [[nodiscard]] static Result<std::unique_ptr<JsonRecords>> read(TextSource& source);

  Result<bool> next(Record& record) override;
  std::uint64_t bytes_read() const override { return bytes_; }

 private:
  JsonRecords(Json::Array objects, std::uint64_t bytes);

  Json::Array objects_;
  std::vector<std::string> names_;
  std::size_t next_ = 0;  ///< 0: the names
  std::uint64_t bytes_;
};

}  // namespace machi::ingest
