#pragma once
#include <cstddef>
#include <memory>
#include <string_view>

#include "net/framing.h"
#include "net/http.h"

namespace machi::net {

/// A request as it came off the wire, with what its answer must know of the framing.
struct ParsedRequest {
  Request request;
  bool http_1_1 = true;
  bool keep_alive = true;  ///< what the client allows (RFC 9112 §9.3)
};

/// Reads HTTP/1.1 requests one after the other from the bytes of a connection: HeadScan looks first, then Beast's
/// parser reads the head, then the rules of RFC 9112 that Beast leaves open are applied to its fields; bodies are read
/// by ChunkedBody or counted. A request is refused rather than mended.
class RequestParser {
 public:
  enum class Step { need_more, complete, refused };
  struct Progress {
    Step step = Step::need_more;
    std::size_t consumed = 0;  ///< bytes that need not come again
  };

  explicit RequestParser(const ParserLimits& limits);
  ~RequestParser();
  RequestParser(RequestParser&&) noexcept;
  RequestParser& operator=(RequestParser&&) noexcept;

  /// `bytes`: what earlier calls have not consumed, with more behind it. `out` is cleared when a request begins and
  /// is the same until it is complete or refused; it then holds as much of the request as was read. After `complete`
  /// the next request may be fed, after `refused` nothing.
  [[nodiscard]] Progress feed(std::string_view bytes, ParsedRequest& out);
  /// After `refused`.
  [[nodiscard]] const Refusal& refusal() const;
  /// Some byte of a request was seen and it is not complete.
  [[nodiscard]] bool is_started() const;
  /// The head is read, the body is not.
  [[nodiscard]] bool is_in_body() const;
  /// The client waits for `100 Continue` before it sends the body (RFC 9110 §10.1.1). Asked once a request.
  [[nodiscard]] bool take_continue();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace machi::net
