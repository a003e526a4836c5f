#pragma once
#include <boost/asio/buffer.hpp>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "net/http.h"

namespace machi::net {

/// What an answer depends on besides itself.
struct ResponseFraming {
  std::string_view date;  ///< RFC 9110 §5.6.7
  bool http_1_1 = true;
  bool keep_alive = true;
  bool head_only = false;  ///< the answer to HEAD
};

/// Answers that wait to be written, in order: heads and small bodies together, large bodies as they are.
class OutQueue {
 public:
  [[nodiscard]] bool empty() const { return pieces_.empty(); }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  void append(std::string_view text);
  /// Keeps a large text without copying it.
  void append(std::string&& text);
  /// Head and body, or only the head when the body is a stream.
  void append(Response&& response, const ResponseFraming& framing);
  /// A piece of a chunked body (RFC 9112 §7.1); the empty piece is the last.
  void append_chunk(std::string&& piece);
  /// What the next write takes.
  [[nodiscard]] std::vector<boost::asio::const_buffer> buffers() const;
  [[nodiscard]] bool is_one_piece() const { return pieces_.size() == 1; }
  /// The first of it.
  [[nodiscard]] boost::asio::const_buffer front() const;
  void consume(std::size_t written);

 private:
  std::string& tail();
  std::vector<std::string> pieces_;
  std::string spare_;        // an empty piece with memory
  std::size_t written_ = 0;  // of the first piece
  std::size_t bytes_ = 0;
};

/// Whether an answer of this status may have a body (RFC 9110 §6.4.1).
[[nodiscard]] bool may_have_body(int status);

}  // namespace machi::net
