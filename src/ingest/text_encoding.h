#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "ingest/byte_source.h"

namespace machi::ingest {

enum class TextEncoding : std::uint8_t { utf8, cp932, utf16_le, utf16_be };

/// `UTF-8`, `CP932`, `UTF-16LE`, `UTF-16BE`.
[[nodiscard]] std::string_view name_of(TextEncoding encoding);

struct DetectedEncoding {
  TextEncoding encoding = TextEncoding::utf8;
  bool byte_order_mark = false;
  /// Bytes that mean nothing in this encoding; every other candidate has as many or more.
  std::uint64_t unreadable_bytes = 0;
};

/// Looks at the whole source (a file may be ASCII for its first megabyte) and leaves it at its start. A byte order mark
/// decides; NUL bytes mean UTF-16; then UTF-8 if all of it is, else CP932 (Microsoft's Shift_JIS), whichever leaves
/// fewer bytes unread. Errors: those of the source.
[[nodiscard]] Result<DetectedEncoding> detect_encoding(ByteSource& source);

/// Turns bytes into UTF-8, piece by piece; a character may be cut anywhere between two pieces. What cannot be read
/// becomes U+FFFD, one for each byte passed over, so that a broken letter never swallows the separator after it.
/// A byte order mark at the start is dropped.
class TextDecoder {
 public:
  explicit TextDecoder(TextEncoding encoding);
  ~TextDecoder();
  TextDecoder(const TextDecoder&) = delete;
  TextDecoder& operator=(const TextDecoder&) = delete;

  /// Appends the text of `bytes` to `out`.
  void decode(std::string_view bytes, std::string& out);
  /// Appends what an incomplete character at the end leaves behind.
  void finish(std::string& out);
  [[nodiscard]] std::uint64_t unreadable_bytes() const { return unreadable_; }

 private:
  std::size_t decode_utf8(std::string_view bytes, std::string& out);
  std::size_t decode_cp932(std::string_view bytes, std::string& out);
  std::size_t decode_utf16(std::string_view bytes, std::string& out) const;
  void replace(std::string& out);

  struct Converter;
  TextEncoding encoding_;
  std::unique_ptr<Converter> converter_;  ///< CP932 only
  std::string rest_;                      ///< the beginning of a character whose end has not come yet
  bool at_start_ = true;
  std::uint64_t unreadable_ = 0;
};

/// Decoded text of a ByteSource, in pieces of some 64 KiB.
class TextSource {
 public:
  TextSource(ByteSource& bytes, TextEncoding encoding, std::size_t piece = 65536)
      : bytes_(bytes), decoder_(encoding), piece_(piece, '\0') {}

  /// Appends the next piece to `out`; false when there is no more.
  [[nodiscard]] Result<bool> read(std::string& out);
  [[nodiscard]] std::uint64_t bytes_read() const { return bytes_read_; }

 private:
  ByteSource& bytes_;
  TextDecoder decoder_;
  std::string piece_;
  std::uint64_t bytes_read_ = 0;
  bool finished_ = false;
};

}  // namespace machi::ingest
