// The bytes of a connection, however they are split, must give the same requests and the same refusal; what is accepted
// must be what a strict reader would accept. The first byte chooses where the bytes are split.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "net/request_parser.h"

namespace {

using machi::net::ParsedRequest;
using machi::net::ParserLimits;
using machi::net::RequestParser;

constexpr ParserLimits kLimits{.header_bytes = 2048, .header_count = 32, .body_bytes = 4096};

struct Outcome {
  std::vector<ParsedRequest> requests;
  int status = 0;
};

void require(bool holds) {
  if (!holds) std::abort();
}

void check(const ParsedRequest& parsed) {
  const auto& request = parsed.request;
  require(!request.method_name.empty());
  require(request.path.starts_with('/') || request.path == "*");
  require(request.body.size() <= kLimits.body_bytes);
  require(request.headers.fields().size() <= kLimits.header_count);
  require(request.has_framing || request.body.empty());
  require(!parsed.http_1_1 || request.headers.has("Host"));
  require(!(request.headers.has("Content-Length") && request.headers.has("Transfer-Encoding")));
  for (const auto& [name, value] : request.headers.fields()) {
    require(!name.empty() && !machi::net::has_control(name) && !machi::net::has_control(value));
    require(!name.contains(' ') && !name.contains(':'));
  }
}

Outcome read(std::string_view bytes, std::size_t piece) {
  RequestParser parser(kLimits);
  Outcome out;
  ParsedRequest parsed;
  std::string buffer;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    buffer += bytes.substr(at, piece);
    while (!buffer.empty()) {
      const auto progress = parser.feed(buffer, parsed);
      require(progress.consumed <= buffer.size());
      buffer.erase(0, progress.consumed);
      if (progress.step == RequestParser::Step::refused) {
        out.status = parser.refusal().status;
        return out;
      }
      if (progress.step == RequestParser::Step::need_more) break;
      check(parsed);
      out.requests.push_back(parsed);
    }
    require(buffer.size() <= 2 * kLimits.header_bytes + piece);
  }
  return out;
}

bool same(const ParsedRequest& a, const ParsedRequest& b) {
  return a.request.method_name == b.request.method_name && a.request.target == b.request.target &&
         a.request.headers.fields() == b.request.headers.fields() && a.request.body == b.request.body &&
         a.keep_alive == b.keep_alive && a.http_1_1 == b.http_1_1;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t piece = 1 + data[0] % 64;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Outcome whole = read(bytes, bytes.size());
  for (const Outcome& split : {read(bytes, piece), read(bytes, 1)}) {
    require(whole.status == split.status);
    require(whole.requests.size() == split.requests.size());
    for (std::size_t i = 0; i < whole.requests.size(); ++i) require(same(whole.requests[i], split.requests[i]));
  }
  return 0;
}
