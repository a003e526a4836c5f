#pragma once
#include <string>
#include <string_view>

#include "broker/model/entity.h"

namespace machi::broker {

/// One attribute instance as it stands in a stored document. All views point into the document.
struct AttributeView {
  std::string_view name;               ///< between its quotes, still escaped: may be copied into JSON as it is
  std::string_view type;               ///< likewise
  std::string_view value;              ///< JSON
  std::string_view metadata;           ///< JSON object, or empty when there is none
  std::string_view dataset;            ///< escaped
  std::string_view kind;               ///< name of the kind, empty when it follows from the type
  std::string_view created, modified;  ///< digits: microseconds, see stored_time
  std::string_view observed;           ///< likewise, or empty
};

/// The time in such digits.
[[nodiscard]] Timestamp stored_time(std::string_view digits);

/// Walks over a stored document from front to back, without building anything: what to_document wrote is canonical, so
/// members are found by skipping, about one byte a cycle. Never reads beyond the view, whatever it holds.
class DocumentCursor {
 public:
  explicit DocumentCursor(std::string_view document);
  /// The next instance; false at the end or when the text is no document (see failed()).
  bool next(AttributeView& attribute);
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  bool enter_attribute(std::string_view& name);
  bool read_instance(AttributeView& attribute);
  bool read_member(AttributeView& attribute, std::string_view key);
  bool fail_here() {
    failed_ = true;
    return false;
  }
  const char* p_;
  const char* end_;
  std::string_view name_{};
  bool in_instances_ = false;  // inside the array of an attribute that has several
  bool first_ = true;
  bool failed_ = false;
  bool done_ = false;
};

/// One metadata of an attribute, as views into the text of `AttributeView::metadata`.
struct MetadataView {
  std::string_view name;  ///< escaped
  std::string_view type;  ///< escaped
  std::string_view value;
};

/// Walks over the metadata object of an attribute: `{"accuracy":{"type":"Number","value":1}}`.
class MetadataCursor {
 public:
  explicit MetadataCursor(std::string_view metadata);
  bool next(MetadataView& metadata);
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  bool fail_here() {
    failed_ = true;
    return false;
  }
  const char* p_;
  const char* end_;
  bool first_ = true;
  bool failed_ = false;
};

/// Undoes the escapes of a JSON string (RFC 8259 §7), given what stands between its quotes. The text is canonical:
/// escapes of surrogates do not occur in it.
[[nodiscard]] std::string unescape(std::string_view escaped);

/// The end of the JSON value that starts at `p`, or nullptr when it does not end before `end`. Canonical text only.
[[nodiscard]] const char* skip_json_value(const char* p, const char* end);

}  // namespace machi::broker
