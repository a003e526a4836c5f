#pragma once
#include <cstddef>
#include <optional>
#include <string_view>

#include "net/http.h"

namespace machi::net {

/// What of a request is bounded while it is read.
struct ParserLimits {
  std::size_t header_bytes = 16 * 1024;  ///< beyond: 431
  std::size_t header_count = 100;        ///< beyond: 431
  std::size_t body_bytes = 1024 * 1024;  ///< beyond: 413
};

/// Why a request was refused before a handler saw it. Where the next request begins is then unknown: the connection
/// is closed after the answer.
struct Refusal {
  int status = 400;
  Error error{};
};
[[nodiscard]] Refusal refuse(int status, std::string_view sentence);

/// Whether a line holds a control character other than a tab.
[[nodiscard]] bool has_control(std::string_view line);

/// Looks at the raw bytes of a request's head, before they are parsed, for what parsers read differently: line ends
/// other than CRLF, control characters, folded lines (RFC 9112 §2.2, §5.2). Goes on where it stopped when the same
/// bytes come again with more behind them.
class HeadScan {
 public:
  enum class Found { more, end, refused };
  explicit HeadScan(const ParserLimits& limits) : limits_(limits) {}

  Found look(std::string_view bytes);
  /// After `end`: bytes of the head with its empty line.
  [[nodiscard]] std::size_t size() const { return line_; }
  /// After `refused`.
  [[nodiscard]] const Refusal& refusal() const { return refusal_; }

 private:
  Found refused(int status, std::string_view sentence);

  ParserLimits limits_;
  std::size_t line_ = 0;     // where the line begins that is not complete yet
  std::size_t scanned_ = 0;  // no line feed before this
  std::size_t lines_ = 0;
  Refusal refusal_;
};

/// A request-target (RFC 9112 §3.2) in origin, absolute or asterisk form, taken apart into `request`.
/// Gives the authority of the absolute form, else an empty view; nullopt when it has none of these forms.
[[nodiscard]] std::optional<std::string_view> read_target(std::string_view target, Request& request);

/// Whether a Host field can name a host and port (RFC 9110 §7.2); an empty one can.
[[nodiscard]] bool is_host(std::string_view value);

}  // namespace machi::net
