#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace bench {

/// Finds the end of each HTTP/1.1 message in a stream of bytes: by Content-Length or chunked coding. Reads answers and,
/// for the receiver of notifications, requests.
class MessageReader {
 public:
  enum class State { incomplete, complete, broken };

  void append(std::string_view bytes) { buffer_ += bytes; }
  /// Looks for one whole message at the front of what has been appended.
  State read();
  /// Of the message found last, valid until `drop`.
  [[nodiscard]] int status() const { return status_; }
  [[nodiscard]] bool closes() const { return closes_; }
  [[nodiscard]] std::string_view body() const;
  /// Forgets the message found last.
  void drop();
  void clear();

 private:
  State read_head();
  State skip_chunks();

  std::string buffer_;
  std::size_t begin_ = 0;     ///< of the current message
  std::size_t head_end_ = 0;  ///< after its empty line; 0: not seen yet
  std::size_t position_ = 0;  ///< how far chunks have been skipped
  std::size_t length_ = 0;    ///< Content-Length
  std::size_t message_end_ = 0;
  bool chunked_ = false;
  bool closes_ = false;
  int status_ = 0;
};

}  // namespace bench
