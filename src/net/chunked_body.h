#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "net/framing.h"

namespace machi::net {

/// Reads a chunked body (RFC 9112 §7.1) strictly: sizes are hexadecimal digits, lines end with CRLF, extensions and
/// trailer fields must be well-formed and are dropped. Beast's own reader lets line feeds stand in extensions and loses
/// its way in folded trailer fields, so only heads are left to it.
class ChunkedBody {
 public:
  enum class Step { need_more, complete, refused };
  struct Progress {
    Step step = Step::need_more;
    std::size_t consumed = 0;
  };

  explicit ChunkedBody(const ParserLimits& limits) : limits_(limits) {}

  /// `bytes`: what earlier calls have not consumed, with more behind it. Content is appended to `body`.
  [[nodiscard]] Progress feed(std::string_view bytes, std::string& body);
  /// After `refused`.
  [[nodiscard]] const Refusal& refusal() const { return refusal_; }

 private:
  enum class State { size, data, data_end, trailer };
  bool read_line(std::string_view line, std::size_t body_bytes);
  std::size_t read_data(std::string_view bytes, std::string& body);
  bool read_size(std::string_view line, std::size_t body_bytes);
  bool read_trailer(std::string_view line);
  bool refused(int status, std::string_view sentence);

  ParserLimits limits_;
  State state_ = State::size;
  std::uint64_t left_ = 0;  // of the chunk
  std::size_t trailer_bytes_ = 0;
  std::size_t trailer_count_ = 0;
  bool is_complete_ = false;
  Refusal refusal_;
};

}  // namespace machi::net
